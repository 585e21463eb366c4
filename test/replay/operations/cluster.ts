/** Configuration, utilisation, pools, reservations, nodes. */
import type { Json } from '../../../src/core/json.ts';
import type { Ipam, IpamConfigInput, PoolSpec, PoolUtilization } from '../../../src/index.ts';
import type { Arguments } from '../arguments.ts';
import { attempt, given, type Operation, object } from './operation.ts';

export function getConfig(): Operation {
  return {
    run: ({ ipam }) =>
      attempt(null, async () => {
        const config = await ipam.getConfig();
        return {
          result: object({
            StrictAffinity: config.strictAffinity,
            AutoAllocateBlocks: config.autoAllocateBlocks,
            MaxBlocksPerHost: config.maxBlocksPerHost,
            KubeVirtVMAddressPersistence: config.kubeVirtVMAddressPersistence ?? null,
            ipCooldownSeconds: config.ipCooldownSeconds === 0 ? undefined : config.ipCooldownSeconds,
          }),
        };
      }),
  };
}

/** Calico sets the whole configuration: what the history leaves out is at its zero value. */
export function setConfig(args: Arguments): Operation {
  const config = args.optionalNested('config');
  const input = {
    strictAffinity: config?.flag('StrictAffinity') ?? false,
    autoAllocateBlocks: config?.flag('AutoAllocateBlocks') ?? false,
    maxBlocksPerHost: config?.optionalInteger('MaxBlocksPerHost') ?? 0,
    ipCooldownSeconds: config?.optionalInteger('ipCooldownSeconds') ?? 0,
    kubeVirtVMAddressPersistence: config?.optionalAny('KubeVirtVMAddressPersistence') ?? undefined,
  } as IpamConfigInput;
  config?.done();
  return done((ipam) => ipam.setConfig(input));
}

export function getUtilization(args: Arguments): Operation {
  const filter = given('pools', args.optionalTexts('pools'));
  return { run: ({ ipam }) => attempt([], async () => ({ result: (await ipam.getUtilization(filter)).map(poolUtilization) })) };
}

function poolUtilization({ name, blocks, ...pool }: PoolUtilization): Json {
  return object({ Name: name, ...counts(pool), Blocks: blocks.map((block) => object(counts(block))) });
}

function counts(of: Omit<PoolUtilization, 'name' | 'blocks'>): Record<string, Json> {
  return { CIDR: of.cidr, Capacity: of.capacity, InUse: of.inUse, Reserved: of.reserved, Available: of.available };
}

export function createPool(args: Arguments): Operation {
  const name = args.text('name');
  const spec = poolSpec(args);
  return done((ipam) => ipam.pools.create({ name, spec: { cidr: '', ...spec } }));
}

/** Calico's run read the pool, changed these members, and wrote it back. */
export function replacePool(args: Arguments): Operation {
  const name = args.text('name');
  const spec = poolSpec(args);
  return done((ipam) => ipam.pools.replace({ name, spec }));
}

export function deletePool(args: Arguments): Operation {
  const name = args.text('name');
  return done((ipam) => ipam.pools.delete({ name }));
}

const SPEC_MEMBERS = [
  'cidr',
  'blockSize',
  'disabled',
  'nodeSelector',
  'namespaceSelector',
  'allowedUses',
  'assignmentMode',
  'ipipMode',
  'vxlanMode',
  'natOutgoing',
  'disableBGPExport',
];

/** Right or wrong, as it is: what Calico refuses must reach the library. */
function poolSpec(args: Arguments): Partial<PoolSpec> {
  const spec = args.optionalNested('spec');
  const members = SPEC_MEMBERS.filter((name) => spec?.has(name)).map((name) => [name, spec?.optionalAny(name)] as const);
  spec?.done();
  const direct = { ...given('cidr', args.optionalText('cidr')), ...given('blockSize', args.optionalNumber('blockSize')) };
  return { ...(Object.fromEntries(members) as Partial<PoolSpec>), ...direct };
}

export function createReservation(args: Arguments): Operation {
  const name = args.text('name');
  const spec = { reservedCIDRs: args.optionalTexts('cidrs') ?? [] };
  return done((ipam) => ipam.reservations.create({ name, spec }));
}

export function createNode(args: Arguments): Operation {
  const input = { name: args.text('name'), ...given('labels', args.optionalTextMap('labels')), spec: args.optionalAny('spec') ?? {} };
  return done((ipam) => ipam.nodes.create(input));
}

function done(call: (ipam: Ipam) => Promise<unknown>): Operation {
  return {
    run: ({ ipam }) =>
      attempt(undefined, async () => {
        await call(ipam);
        return { result: undefined };
      }),
  };
}
