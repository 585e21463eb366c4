/** The kinds of resources: how each is read, written, shown and checked. */
import { withDefaults } from '../../core/pool-spec.ts';
import type { CallOptions, Ipam, IpamConfigInput, PoolSpec } from '../../ipam/api.ts';
import { IpamError } from '../../ipam/errors.ts';
import { CREATE_POOL_EXAMPLE, Refusal } from '../errors.ts';
import { parseTemplate } from '../jsonpath/parse.ts';
import type { Template } from '../jsonpath/template.ts';
import { labelsText, type Stored } from './object.ts';
import type { KindWord } from './words.ts';

/** Of a member of `spec`. */
export type MemberType = 'text' | 'flag' | 'integer' | 'texts';

export interface ResourceColumn {
  readonly heading: string;
  readonly template: Template;
  /** Only with `-o wide`. */
  readonly wide?: true;
  /** Where the bare value is not what people read. */
  readonly text?: (resource: Stored) => string;
}

/** What is written: `spec` has been checked against {@link ResourceKind.spec}. */
export interface WriteInput extends CallOptions {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined: the manifest has none. */
  readonly spec: Readonly<Record<string, unknown>> | undefined;
  readonly resourceVersion?: string;
  readonly dryRun?: boolean;
}

/** A kind in one opened library. */
export interface KindClient {
  get(name: string, options: CallOptions): Promise<Stored | undefined>;
  list(options: CallOptions & { readonly onCorrupt: (key: string, reason: string) => void }): Promise<readonly Stored[]>;
  create(input: WriteInput): Promise<Stored>;
  /** What the manifest does not name gets its default, as in calicoctl; a block size, a node's spec and settings stay. */
  replace(input: WriteInput): Promise<Stored>;
  delete(options: { readonly name: string; readonly resourceVersion?: string; readonly dryRun?: boolean } & CallOptions): Promise<void>;
}

export interface ResourceKind {
  readonly word: KindWord;
  /** As manifests name it; the first is how plat writes it. */
  readonly kinds: readonly [string, ...string[]];
  /** As in `there is no IP pool`. */
  readonly noun: string;
  readonly plural: string;
  /** Placeholder of its names, for completion. */
  readonly placeholder: string;
  /** What to tell when there is none. */
  readonly none: string;
  readonly columns: readonly ResourceColumn[];
  /** Members of `spec`; undefined: anything, it belongs to Calico. */
  readonly spec: Readonly<Record<string, MemberType>> | undefined;
  readonly required: readonly { readonly member: string; readonly rule: string; readonly message: string }[];
  client(ipam: Ipam): KindClient;
}

function column(heading: string, path: string, more: Pick<ResourceColumn, 'wide' | 'text'> = {}): ResourceColumn {
  const template = parseTemplate(`{${path}}`);
  if (template.kind !== 'template') throw new Error(`bug: ${path}: ${template.reason}`);
  return { heading, template, ...more };
}

const NAME = column('NAME', '.metadata.name');
const WIDE = { wide: true } as const;

const IPPOOL: ResourceKind = {
  word: 'ippool',
  kinds: ['IPPool'],
  noun: 'IP pool',
  plural: 'IP pools',
  placeholder: 'pool',
  none: `No IP pools. Create one, for example: ${CREATE_POOL_EXAMPLE}`,
  columns: [
    NAME,
    column('CIDR', '.spec.cidr'),
    column('NAT', '.spec.natOutgoing', WIDE),
    column('IPIPMODE', '.spec.ipipMode', WIDE),
    column('VXLANMODE', '.spec.vxlanMode', WIDE),
    column('DISABLED', '.spec.disabled', WIDE),
    column('DISABLEBGPEXPORT', '.spec.disableBGPExport', WIDE),
    column('SELECTOR', '.spec.nodeSelector'),
    column('ASSIGNMENTMODE', '.spec.assignmentMode', WIDE),
    column('BLOCKSIZE', '.spec.blockSize', WIDE),
    column('ALLOWEDUSES', '.spec.allowedUses', WIDE),
    column('NAMESPACESELECTOR', '.spec.namespaceSelector', WIDE),
  ],
  spec: {
    cidr: 'text',
    vxlanMode: 'text',
    ipipMode: 'text',
    natOutgoing: 'flag',
    disabled: 'flag',
    disableBGPExport: 'flag',
    blockSize: 'integer',
    nodeSelector: 'text',
    namespaceSelector: 'text',
    allowedUses: 'texts',
    assignmentMode: 'text',
  },
  required: [{ member: 'cidr', rule: 'cidr-missing', message: 'IPPool CIDR must be specified' }],
  client: ({ pools }) => ({
    get: (name, options) => pools.get({ name, ...options }),
    list: (options) => pools.list(options),
    create: ({ spec, ...input }) => pools.create({ ...input, spec: spec as unknown as PoolSpec }),
    replace: ({ spec, ...input }) => {
      const given = spec as unknown as PoolSpec;
      const { blockSize: _, ...defaults } = withDefaults({ cidr: given.cidr });
      return pools.replace({ ...input, spec: { ...defaults, ...given } });
    },
    delete: (options) => pools.delete(options),
  }),
};

const IPRESERVATION: ResourceKind = {
  word: 'ipreservation',
  kinds: ['IPReservation'],
  noun: 'IP reservation',
  plural: 'IP reservations',
  placeholder: 'reservation',
  none: 'No IP reservations.',
  columns: [NAME, column('CIDRS', '.spec.reservedCIDRs', WIDE)],
  spec: { reservedCIDRs: 'texts' },
  required: [],
  client: ({ reservations }) => ({
    get: (name, options) => reservations.get({ name, ...options }),
    list: (options) => reservations.list(options),
    create: ({ spec, ...input }) => reservations.create({ ...input, spec: { reservedCIDRs: [], ...spec } }),
    replace: ({ spec, ...input }) => reservations.replace({ ...input, spec: { reservedCIDRs: [], ...spec } }),
    delete: (options) => reservations.delete(options),
  }),
};

const NODE: ResourceKind = {
  word: 'node',
  kinds: ['Node'],
  noun: 'node',
  plural: 'nodes',
  placeholder: 'node',
  none: 'No nodes. One appears when it first asks for an address.',
  columns: [
    NAME,
    column('ASN', '.spec.bgp.asNumber', WIDE),
    column('IPV4', '.spec.bgp.ipv4Address', WIDE),
    column('IPV6', '.spec.bgp.ipv6Address', WIDE),
    column('LABELS', '.metadata.labels', { text: ({ labels }) => labelsText(labels) }),
  ],
  spec: undefined,
  required: [],
  client: ({ nodes }) => ({
    get: (name, options) => nodes.get({ name, ...options }),
    list: (options) => nodes.list(options),
    create: ({ spec = {}, ...input }) => nodes.create({ ...input, spec }),
    replace: ({ spec, ...input }) => nodes.replace({ ...input, spec: spec as object }),
    delete: (options) => nodes.delete(options),
  }),
};

/** The only name a configuration has. */
const CONFIG_NAME = 'default';

const IPAMCONFIG: ResourceKind = {
  word: 'ipamconfig',
  kinds: ['IPAMConfiguration', 'IPAMConfig'],
  noun: 'IPAM configuration',
  plural: 'IPAM configurations',
  placeholder: 'config',
  none: '',
  columns: [
    NAME,
    column('STRICTAFFINITY', '.spec.strictAffinity'),
    column('AUTOALLOCATEBLOCKS', '.spec.autoAllocateBlocks'),
    column('MAXBLOCKSPERHOST', '.spec.maxBlocksPerHost'),
    column('IPCOOLDOWNSECONDS', '.spec.ipCooldownSeconds', WIDE),
    column('KUBEVIRTVMADDRESSPERSISTENCE', '.spec.kubeVirtVMAddressPersistence', WIDE),
  ],
  spec: {
    strictAffinity: 'flag',
    autoAllocateBlocks: 'flag',
    maxBlocksPerHost: 'integer',
    kubeVirtVMAddressPersistence: 'text',
    ipCooldownSeconds: 'integer',
  },
  required: [],
  client: ({ config }) => {
    const get = async (options: CallOptions): Promise<Stored> => configObject(await config.get(options));
    const replace = async ({ name, labels, annotations, spec, ...input }: WriteInput): Promise<Stored> => {
      mustBeDefault(name);
      if (Object.keys({ ...labels, ...annotations }).length > 0)
        throw new Refusal(
          'invalid-resource',
          'the IPAM configuration has no labels and no annotations. Take them out of the manifest, then: plat apply -f FILE',
        );
      return configObject(await config.replace({ ...input, spec: (spec ?? {}) as IpamConfigInput }));
    };
    return {
      get: async (name, options) => (name === CONFIG_NAME ? get(options) : undefined),
      list: async (options) => [await get(options)],
      create: async (input) => {
        const { resourceVersion } = await config.get(callOf(input));
        if (resourceVersion === undefined) return replace(input);
        throw new IpamError(
          'already-exists',
          'ipamconfig default exists already. Change it with: plat apply -f FILE, or plat ipam configure',
        );
      },
      replace,
      delete: async () => {
        throw new Refusal('not-deletable', 'the IPAM configuration cannot be deleted; set what it shall be with: plat ipam configure');
      },
    };
  },
};

function callOf({ signal, timeoutMs }: CallOptions): CallOptions {
  return { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
}

function mustBeDefault(name: string): void {
  if (name === CONFIG_NAME) return;
  throw new Refusal(
    'invalid-resource',
    `metadata.name = "${name}": there is one IPAM configuration, and its name is ${CONFIG_NAME}. See it with: plat get ipamconfig`,
  );
}

function configObject({ resourceVersion, spec }: Awaited<ReturnType<Ipam['config']['get']>>): Stored {
  return { name: CONFIG_NAME, uid: '', creationTimestamp: null, resourceVersion: resourceVersion ?? '', labels: {}, annotations: {}, spec };
}

export const KINDS: readonly ResourceKind[] = [IPPOOL, IPRESERVATION, NODE, IPAMCONFIG];

export function kindOfWord(word: KindWord): ResourceKind {
  const kind = KINDS.find((candidate) => candidate.word === word);
  if (!kind) throw new Error(`bug: no kind ${word}`);
  return kind;
}

/** How it is written in `kind:` of a manifest. */
export function kindName(kind: ResourceKind): string {
  return kind.kinds[0];
}
