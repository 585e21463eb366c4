/** What a pool must keep to when it is created or changed (PV, data model §7.1), in Calico's texts. */
import { type Cidr, overlaps, parseCidr, parseCidrMasked, type Version } from './addr.ts';
import {
  ALLOWED_USES,
  ASSIGNMENT_MODES,
  BLOCK_SIZES,
  ENCAPSULATION_MODES,
  type PoolSpec,
  type PoolSpecInput,
  withDefaults,
} from './pool-spec.ts';
import type { Pool } from './records.ts';
import { nameViolations } from './resource-rules.ts';
import { mentionsGlobal, parseSelector } from './selector.ts';
import { oneOf, type Violation, when } from './violation.ts';

export interface ProposedPool {
  readonly name: string;
  readonly spec: PoolSpecInput;
}

const LINK_LOCAL: Readonly<Record<Version, { readonly range: Cidr; readonly message: string }>> = {
  4: {
    range: { version: 4, base: 0xa9fe0000n, prefixLength: 16, text: '169.254.0.0/16' },
    message: 'IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16',
  },
  6: {
    range: { version: 6, base: 0xfe80n << 112n, prefixLength: 10, text: 'fe80::/10' },
    message: 'IPPool CIDR overlaps with IPv6 link local range fe80::/10',
  },
};

/**
 * Every rule that a new pool breaks; empty when it may be created.
 *
 * `existingPools`: those of the store; one of the same name is skipped, its existence is another answer (PV-02).
 * `existingBlocks`: at least those that overlap the pool, of any size; empty ones count too (PV-03, PV-11).
 */
export function poolViolations(
  proposed: ProposedPool,
  existingPools: readonly Pool[],
  existingBlocks: readonly Cidr[] = [],
): readonly Violation[] {
  const spec = withDefaults(proposed.spec);
  const cidr = parseCidrMasked(spec.cidr);
  return [
    ...nameViolations(proposed.name),
    ...specViolations(spec),
    ...(cidr ? overlapViolations(proposed.name, cidr, existingPools) : []),
    ...(cidr ? blockConflicts(spec, cidr, existingBlocks) : []),
  ];
}

/** Every rule that replacing `old` by `proposed` breaks. Overlap is not looked at: the network cannot change. */
export function poolChangeViolations(old: Pool, proposed: PoolSpecInput): readonly Violation[] {
  const spec = withDefaults(proposed);
  const next = parseCidrMasked(spec.cidr)?.text ?? spec.cidr;
  return [
    ...when(!isSameCidr(old.cidrText, next), {
      field: 'spec.cidr',
      value: next,
      rule: 'cidr-immutable',
      message: 'IPPool CIDR cannot be modified',
    }),
    ...when(spec.blockSize !== old.blockSize, {
      field: 'spec.blockSize',
      value: String(spec.blockSize),
      rule: 'block-size-immutable',
      message: 'IPPool BlockSize cannot be modified',
    }),
    ...when(old.allowedUses.includes('LoadBalancer') && !spec.allowedUses.includes('LoadBalancer'), {
      field: 'spec.allowedUses',
      value: usesText(spec),
      rule: 'load-balancer-immutable',
      message: 'IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel',
    }),
    ...specViolations(spec),
  ];
}

/**
 * Whether a stored CIDR text may become `next`: the same text, or the canonical form of what is stored. The stored text
 * may be old and carry host bits or a long spelling (PV-09); `next` is taken as it is, not normalised (data model §7.1).
 */
export function isSameCidr(stored: string, next: string): boolean {
  return stored === next || parseCidrMasked(stored)?.text === next;
}

function specViolations(spec: PoolSpec): readonly Violation[] {
  return [
    ...cidrViolations(spec),
    ...oneOf('spec.vxlanMode', spec.vxlanMode, ENCAPSULATION_MODES),
    ...oneOf('spec.ipipMode', spec.ipipMode, ENCAPSULATION_MODES),
    ...oneOf('spec.assignmentMode', spec.assignmentMode, ASSIGNMENT_MODES),
    ...spec.allowedUses.flatMap((use, index) => oneOf(`spec.allowedUses[${index}]`, use, ALLOWED_USES)),
    ...when(spec.ipipMode !== 'Never' && spec.vxlanMode !== 'Never', {
      field: 'spec.ipipMode',
      value: spec.ipipMode,
      rule: 'encapsulation-conflict',
      message: 'ipipMode and vxlanMode cannot both be enabled',
    }),
    ...selectorViolations('nodeSelector', spec.nodeSelector),
    ...selectorViolations('namespaceSelector', spec.namespaceSelector),
    ...when(spec.allowedUses.includes('Tunnel') && spec.namespaceSelector !== '', {
      field: 'spec.namespaceSelector',
      value: spec.namespaceSelector,
      rule: 'tunnel-namespace-selector',
      message: 'IP Pool with AllowedUse Tunnel cannot have namespaceSelector',
    }),
    ...(spec.allowedUses.includes('LoadBalancer') ? loadBalancerViolations(spec) : []),
  ];
}

function cidrViolations(spec: PoolSpec): readonly Violation[] {
  const field = 'spec.cidr';
  if (spec.cidr === '') return [{ field, value: undefined, rule: 'cidr-missing', message: 'IPPool CIDR must be specified' }];
  const parsed = parseCidr(spec.cidr);
  if (parsed.kind === 'not-a-cidr') {
    return [{ field, value: spec.cidr, rule: 'cidr-invalid', message: 'IPPool CIDR must be a valid subnet' }];
  }
  const { cidr } = parsed;
  const { min, max } = BLOCK_SIZES[cidr.version];
  const isBlockSize = Number.isInteger(spec.blockSize) && spec.blockSize >= min && spec.blockSize <= max;
  return [
    ...when(parsed.kind === 'host-bits', {
      field,
      value: spec.cidr,
      rule: 'cidr-not-masked',
      message: `IPPool CIDR is not strictly masked (the network is ${cidr.text})`,
    }),
    ...when(!isBlockSize, {
      field: 'spec.blockSize',
      value: String(spec.blockSize),
      rule: 'block-size-range',
      message: 'blockSize must be between 20 and 32 for IPv4 pools, and between 116 and 128 for IPv6 pools',
    }),
    ...when(cidr.prefixLength > spec.blockSize && !spec.disabled, {
      field,
      value: cidr.text,
      rule: 'pool-too-small',
      message: 'IP pool size is too small. It must be equal to or greater than the block size.',
    }),
    ...when(cidr.version === 6 && spec.ipipMode !== 'Never', {
      field: 'spec.ipipMode',
      value: spec.ipipMode,
      rule: 'ipip-on-ipv6',
      message: 'IPIP is not supported on IPv6 pools',
    }),
    ...when(overlaps(cidr, LINK_LOCAL[cidr.version].range), {
      field,
      value: cidr.text,
      rule: 'cidr-link-local',
      message: LINK_LOCAL[cidr.version].message,
    }),
  ];
}

function selectorViolations(member: 'nodeSelector' | 'namespaceSelector', text: string): readonly Violation[] {
  const parsed = parseSelector(text);
  const at = { field: `spec.${member}`, value: text };
  if (parsed.kind === 'bad-selector') return [{ ...at, rule: 'selector-invalid', message: parsed.message }];
  const message = `global() selector is not valid for IPPool ${member}`;
  return when(mentionsGlobal(parsed.selector), { ...at, rule: 'selector-global', message });
}

function loadBalancerViolations(spec: PoolSpec): readonly Violation[] {
  return [
    ...when(spec.ipipMode !== 'Never' || spec.vxlanMode !== 'Never', {
      field: spec.ipipMode === 'Never' ? 'spec.vxlanMode' : 'spec.ipipMode',
      value: spec.ipipMode === 'Never' ? spec.vxlanMode : spec.ipipMode,
      rule: 'load-balancer-encapsulation',
      message: 'LoadBalancer IP pool cannot have IPIP or VXLAN enabled',
    }),
    ...when(spec.allowedUses.includes('Workload') || spec.allowedUses.includes('Tunnel'), {
      field: 'spec.allowedUses',
      value: usesText(spec),
      rule: 'load-balancer-combined',
      message: 'LoadBalancer cannot be combined with Workload or Tunnel allowed uses',
    }),
    ...when(spec.disableBGPExport, {
      field: 'spec.disableBGPExport',
      value: 'true',
      rule: 'load-balancer-bgp-export',
      message: 'LoadBalancer IP pools cannot disable BGP export',
    }),
    ...when(spec.nodeSelector !== 'all()', {
      field: 'spec.nodeSelector',
      value: spec.nodeSelector,
      rule: 'load-balancer-node-selector',
      message: 'IP Pool with AllowedUse LoadBalancer must have nodeSelector set to all()',
    }),
  ];
}

function overlapViolations(name: string, cidr: Cidr, existingPools: readonly Pool[]): readonly Violation[] {
  return existingPools.flatMap((other) =>
    when(other.name !== name && other.cidr !== undefined && overlaps(cidr, other.cidr), {
      field: 'spec.cidr',
      value: cidr.text,
      rule: 'cidr-overlap',
      message: `IPPool(${name}) CIDR overlaps with IPPool(${other.name}) CIDR ${other.cidrText}`,
    }),
  );
}

function blockConflicts(spec: PoolSpec, cidr: Cidr, existingBlocks: readonly Cidr[]): readonly Violation[] {
  return when(
    existingBlocks.some((block) => block.prefixLength !== spec.blockSize && overlaps(block, cidr)),
    {
      field: 'spec.blockSize',
      value: String(spec.blockSize),
      rule: 'block-size-conflict',
      message: 'IPPool blocksSize conflicts with existing allocations that use a different blockSize',
    },
  );
}

/** As Go prints a list. */
function usesText(spec: PoolSpec): string {
  return `[${spec.allowedUses.join(' ')}]`;
}
