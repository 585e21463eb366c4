/** `spec` of an IP pool as it is written: defaults filled in, canonical, in Calico's member order (data model §7.1, PV-05). */
import { parseCidr, type Version } from './addr.ts';
import type { Json, JsonObject } from './json.ts';
import type { AllowedUse } from './records.ts';
import { memberObject } from './resource.ts';

export const ENCAPSULATION_MODES = ['Never', 'Always', 'CrossSubnet'] as const;
export const ALLOWED_USES: readonly AllowedUse[] = ['Workload', 'Tunnel', 'LoadBalancer'];
export const ASSIGNMENT_MODES = ['Automatic', 'Manual'] as const;

export interface PoolSpec {
  readonly cidr: string;
  readonly vxlanMode: (typeof ENCAPSULATION_MODES)[number];
  readonly ipipMode: (typeof ENCAPSULATION_MODES)[number];
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBGPExport: boolean;
  /** Prefix length of a block. */
  readonly blockSize: number;
  readonly nodeSelector: string;
  readonly namespaceSelector: string;
  readonly allowedUses: readonly AllowedUse[];
  readonly assignmentMode: (typeof ASSIGNMENT_MODES)[number];
}

/** What is absent or has Go's zero value (`''`, 0, `[]`) gets its default. */
export type PoolSpecInput = Pick<PoolSpec, 'cidr'> & Partial<Omit<PoolSpec, 'cidr'>>;

/** Prefix lengths a block may have. */
export const BLOCK_SIZES: Readonly<Record<Version, { readonly min: number; readonly max: number }>> = {
  4: { min: 20, max: 32 },
  6: { min: 116, max: 128 },
};
export const BLOCK_SIZE_DEFAULT: Readonly<Record<Version, number>> = { 4: 26, 6: 122 };
const DEFAULT_USES: readonly AllowedUse[] = ['Workload', 'Tunnel'];

/** The spec with every member. The CIDR is in canonical form; one that is no network, or has host bits, stays as given. */
export function withDefaults(input: PoolSpecInput): PoolSpec {
  const parsed = parseCidr(input.cidr);
  const version = parsed.kind === 'not-a-cidr' ? 4 : parsed.cidr.version;
  return {
    cidr: parsed.kind === 'cidr' ? parsed.cidr.text : input.cidr,
    vxlanMode: input.vxlanMode || 'Never',
    ipipMode: input.ipipMode || 'Never',
    natOutgoing: input.natOutgoing ?? false,
    disabled: input.disabled ?? false,
    disableBGPExport: input.disableBGPExport ?? false,
    blockSize: input.blockSize || BLOCK_SIZE_DEFAULT[version],
    nodeSelector: input.nodeSelector || 'all()',
    namespaceSelector: input.namespaceSelector ?? '',
    allowedUses: input.allowedUses?.length ? input.allowedUses : DEFAULT_USES,
    assignmentMode: input.assignmentMode || 'Automatic',
  };
}

/**
 * The members of `spec` in written order; `false` and the empty namespace selector are omitted, as Go omits them.
 * Members of `stored` (the `spec` this one replaces) that this version does not know follow, in their order (I10).
 */
export function poolSpecMembers(spec: PoolSpec, stored?: JsonObject): JsonObject {
  const known: readonly (readonly [keyof PoolSpec, Json])[] = [
    ['cidr', spec.cidr],
    ['vxlanMode', spec.vxlanMode],
    ['ipipMode', spec.ipipMode],
    ['natOutgoing', spec.natOutgoing],
    ['disabled', spec.disabled],
    ['disableBGPExport', spec.disableBGPExport],
    ['blockSize', spec.blockSize],
    ['nodeSelector', spec.nodeSelector],
    ['namespaceSelector', spec.namespaceSelector],
    ['allowedUses', [...spec.allowedUses]],
    ['assignmentMode', spec.assignmentMode],
  ];
  // Go reads member names without regard to case: another spelling of a known member would come back as a second value.
  const knownNames = new Set(known.map(([name]) => name.toLowerCase()));
  const unknown = [...(stored ?? [])].filter(([name]) => !knownNames.has(name.toLowerCase()));
  return new Map([...known.filter(([, value]) => value !== false && value !== ''), ...unknown]);
}

/**
 * The spec of a stored pool object with defaults filled in; its CIDR as stored, if that has host bits. A member of
 * another type than Calico writes counts as absent.
 */
export function readPoolSpec(object: JsonObject): PoolSpec {
  const spec: JsonObject = memberObject(object, 'spec') ?? new Map();
  const text = (name: keyof PoolSpec) => {
    const value = member(spec, name);
    return typeof value === 'string' ? value : '';
  };
  const blockSize = member(spec, 'blockSize');
  const uses = member(spec, 'allowedUses');
  return withDefaults({
    cidr: text('cidr'),
    vxlanMode: text('vxlanMode') as PoolSpec['vxlanMode'],
    ipipMode: text('ipipMode') as PoolSpec['ipipMode'],
    natOutgoing: member(spec, 'natOutgoing') === true,
    disabled: member(spec, 'disabled') === true,
    disableBGPExport: member(spec, 'disableBGPExport') === true,
    blockSize: typeof blockSize === 'number' ? blockSize : 0,
    nodeSelector: text('nodeSelector'),
    namespaceSelector: text('namespaceSelector'),
    allowedUses: Array.isArray(uses) ? uses.filter((use): use is AllowedUse => typeof use === 'string') : [],
    assignmentMode: text('assignmentMode') as PoolSpec['assignmentMode'],
  });
}

function member(object: JsonObject, name: string): Json | undefined {
  const exact = object.get(name);
  if (exact !== undefined) return exact;
  return [...object].find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}
