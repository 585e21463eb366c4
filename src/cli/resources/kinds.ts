/** The kinds of resources: how each is read, written, shown and checked. */
import { withDefaults } from '../../core/pool-spec.ts';
import type { CallOptions, Ipam, IpamConfigInput, PoolSpec, Resources } from '../../ipam/api.ts';
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
  /** Of a wide one: also the last one of the table as soon as one of its rows must not be overlooked. */
  readonly isTold?: (resource: Stored) => boolean;
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

type ListOptions = CallOptions & { readonly onCorrupt: (key: string, reason: string) => void };

/** A kind in one opened library. */
export interface KindClient {
  get(name: string, options: CallOptions): Promise<Stored | undefined>;
  list(options: ListOptions): Promise<readonly Stored[]>;
  /** The list now, and again after each change, until the signal aborts. */
  watch(options: ListOptions): AsyncIterable<readonly Stored[]>;
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

function column(heading: string, path: string, more: Pick<ResourceColumn, 'wide' | 'text' | 'isTold'> = {}): ResourceColumn {
  const template = parseTemplate(`{${path}}`);
  if (template.kind !== 'template') throw new Error(`bug: ${path}: ${template.reason}`);
  return { heading, template, ...more };
}

interface SpecsOf<Spec> {
  readonly create: (spec: WriteInput['spec']) => Spec;
  readonly replace: (spec: WriteInput['spec']) => Partial<Spec>;
}

/** The library's resources of one kind, written by what a manifest says. */
function clientOf<Spec>(resources: Resources<Spec, Stored>, { create, replace }: SpecsOf<Spec>): KindClient {
  return {
    get: (name, options) => resources.get({ name, ...options }),
    list: (options) => resources.list(options),
    watch: (options) => resources.watch(options),
    create: ({ spec, ...input }) => resources.create({ ...input, spec: create(spec) }),
    replace: ({ spec, ...input }) => resources.replace({ ...input, spec: replace(spec) }),
    delete: (options) => resources.delete(options),
  };
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
    column('DISABLED', '.spec.disabled', { ...WIDE, isTold: ({ spec }) => (spec as PoolSpec).disabled === true }),
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
  client: ({ pools }) =>
    clientOf(pools, {
      create: (spec) => spec as unknown as PoolSpec,
      replace: (spec) => {
        const given = spec as unknown as PoolSpec;
        const { blockSize: _, ...defaults } = withDefaults({ cidr: given.cidr });
        return { ...defaults, ...given };
      },
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
  client: ({ reservations }) => {
    const whole = (spec: WriteInput['spec']) => ({ reservedCIDRs: [], ...spec });
    return clientOf(reservations, { create: whole, replace: whole });
  },
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
  client: ({ nodes }) => clientOf(nodes, { create: (spec = {}) => spec, replace: (spec) => spec as object }),
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
          'the IPAM configuration has no labels and no annotations. Take them out, then the same again.',
        );
      return configObject(await config.replace({ ...input, spec: (spec ?? {}) as IpamConfigInput }));
    };
    return {
      get: async (name, options) => (name === CONFIG_NAME ? get(options) : undefined),
      list: async (options) => [await get(options)],
      watch: async function* ({ onCorrupt: _, ...options }) {
        for await (const found of config.watch(options)) yield [configObject(found)];
      },
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
