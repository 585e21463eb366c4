/** `create`, `apply` and `replace` of manifests: all are checked first, then written one after the other. */
import { type Cidr, overlaps, parseCidrMasked } from '../../core/addr.ts';
import { unreachable } from '../../core/assert.ts';
import type { CallOptions, Ipam } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { originText } from './files.ts';
import { kindName, type WriteInput } from './kinds.ts';
import type { Manifest, ManifestViolation } from './manifest.ts';
import { resourceObject, type Stored } from './object.ts';
import { type InvalidDocument, manifestTitle, violationsOf } from './violations.ts';

export type Verb = 'create' | 'apply' | 'replace';
export type Change = 'created' | 'configured' | 'replaced' | 'patched' | 'unchanged' | 'skipped';

export interface Written {
  readonly kind: 'written';
  readonly manifest: Manifest;
  readonly change: Change;
  /** Undefined when there was none. */
  readonly before: Stored | undefined;
  readonly after: Stored;
}
export interface NotWritten {
  readonly kind: 'failed';
  readonly manifest: Manifest;
  readonly error: IpamError;
}

export interface WriteOptions {
  readonly verb: Verb;
  readonly dryRun: boolean;
  /** `create`: leave alone what exists. */
  readonly skipExists: boolean;
  readonly call: CallOptions;
}

/** Somebody else keeps changing it; each try reads it anew. */
const CONFLICT_TRIES_MAX = 5;

/** Every rule that the manifests break, each by itself and beside those before it. Nothing is written. */
export async function rehearseManifests(
  ipam: Ipam,
  manifests: readonly Manifest[],
  options: WriteOptions,
): Promise<readonly InvalidDocument[]> {
  const found: InvalidDocument[] = [];
  const created: Manifest[] = [];
  for (const [index, manifest] of manifests.entries()) {
    const outcome = await writeManifest(ipam, manifest, { ...options, dryRun: true });
    const violations = [
      ...(outcome.kind === 'failed' ? violationsOf(outcome.error) : []),
      ...repeated(manifest, manifests.slice(0, index)),
      ...(outcome.kind === 'written' && outcome.change === 'created' ? overlapping(manifest, created) : []),
    ];
    if (violations.length > 0) found.push({ what: manifestTitle(manifest), origin: manifest.origin, violations });
    else if (outcome.kind === 'written' && outcome.change === 'created') created.push(manifest);
  }
  return found;
}

function repeated(manifest: Manifest, earlier: readonly Manifest[]): readonly ManifestViolation[] {
  const same = earlier.find(({ kind, name }) => kind === manifest.kind && name === manifest.name);
  if (!same) return [];
  return [{ field: 'metadata.name', value: manifest.name, rule: 'duplicate', message: `${originText(same.origin)} has it too` }];
}

/** PV-02 between pools of which none is in the store yet. */
function overlapping(manifest: Manifest, created: readonly Manifest[]): readonly ManifestViolation[] {
  const network = networkOf(manifest);
  return created.flatMap((other) => {
    const otherNetwork = networkOf(other);
    if (!network || !otherNetwork || !overlaps(network, otherNetwork)) return [];
    const message = `IPPool(${manifest.name}) CIDR overlaps with IPPool(${other.name}) CIDR ${otherNetwork.text} of ${originText(other.origin)}`;
    return [{ field: 'spec.cidr', value: network.text, rule: 'cidr-overlap', message }];
  });
}

function networkOf({ kind, spec }: Manifest): Cidr | undefined {
  const cidr = kind.word === 'ippool' ? spec?.['cidr'] : undefined;
  return typeof cidr === 'string' ? parseCidrMasked(cidr) : undefined;
}

/** Writes one; what the library refuses is a value. */
export async function writeManifest(ipam: Ipam, manifest: Manifest, options: WriteOptions): Promise<Written | NotWritten> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await writeOnce(ipam, manifest, options);
    } catch (error) {
      if (!(error instanceof IpamError) || options.call.signal?.aborted) throw error;
      // With a version of its own the manifest is about that very state.
      const isRace = error.code === 'conflict' || (error.code === 'already-exists' && options.verb === 'apply');
      if (isRace && manifest.resourceVersion === undefined && attempt < CONFLICT_TRIES_MAX) continue;
      return { kind: 'failed', manifest, error };
    }
  }
}

async function writeOnce(ipam: Ipam, manifest: Manifest, { verb, dryRun, skipExists, call }: WriteOptions): Promise<Written> {
  const client = manifest.kind.client(ipam);
  const before = await client.get(manifest.name, call);
  const input: WriteInput = {
    name: manifest.name,
    labels: manifest.labels,
    annotations: manifest.annotations,
    spec: manifest.spec,
    dryRun,
    ...call,
  };
  const written = (change: Change, after: Stored): Written => ({ kind: 'written', manifest, change, before, after });
  switch (verb) {
    case 'create':
      if (skipExists && before !== undefined) return written('skipped', before);
      mustHaveNoVersion(manifest);
      return written('created', await client.create(input));
    case 'apply':
    case 'replace': {
      const exists = existsToReplace(manifest, before);
      if (verb === 'apply' && !exists) return written('created', await client.create(input));
      const resourceVersion = manifest.resourceVersion ?? before?.resourceVersion;
      const guarded = resourceVersion ? { ...input, resourceVersion } : input;
      const after = await client.replace({ ...guarded, dryRun: true });
      if (before !== undefined && isSame(manifest, before, after)) return written('unchanged', before);
      return written(verb === 'apply' ? 'configured' : 'replaced', dryRun ? after : await client.replace(guarded));
    }
    default:
      return unreachable(verb);
  }
}

/** PV-07: what is to be new has no version yet. */
function mustHaveNoVersion(manifest: Manifest): void {
  if (manifest.resourceVersion === undefined) return;
  const violation = {
    field: 'metadata.resourceVersion',
    value: manifest.resourceVersion,
    rule: 'version-on-create',
    message: 'field must not be set for a Create request; plat get --export leaves it out',
  };
  throw new IpamError('invalid-resource', `${violation.field}: ${violation.message}`, { details: { violations: [violation] } });
}

/** A manifest with a version is about one that exists. A configuration without a version holds its defaults. */
function existsToReplace({ kind, name, resourceVersion }: Manifest, before: Stored | undefined): boolean {
  if (before !== undefined || resourceVersion === undefined) return before !== undefined;
  throw new IpamError(
    'conflict',
    `there is no ${kind.noun} '${name}', but the manifest is about its resourceVersion ${resourceVersion}. Take resourceVersion out of it ` +
      '(plat get --export does), then apply it again.',
    { details: { kind: kind.word, name } },
  );
}

/** Whether the write would change anything that is shown. */
function isSame({ kind }: Manifest, before: Stored, after: Stored): boolean {
  const shown = (resource: Stored) => JSON.stringify(sorted(resourceObject(kindName(kind), { ...resource, resourceVersion: '' })));
  return shown(before) === shown(after);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
