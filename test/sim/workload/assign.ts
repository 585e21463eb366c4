/** Assignments in all their shapes. */
import type { AutoAssignOptions, HostReserved } from '../../../src/ipam/api.ts';
import { HOST_RESERVED_HANDLE } from '../check/hold.ts';
import type { Cluster, SimHandle } from '../cluster.ts';
import type { AssignRequest } from '../operation.ts';
import { addressesOf, type PlatStart, plain } from './start.ts';

/** More than one commit can hold, when each address is a block of its own. */
const IN_PARTS_COUNT = 70;
const HOST_RESERVED: HostReserved = { startOfBlock: 1, endOfBlock: 0, handle: HOST_RESERVED_HANDLE, note: 'simulated' };

export function autoAssign(cluster: Cluster, host: string): PlatStart {
  const { random } = cluster;
  const handle = handleFor(cluster);
  const counts = countsFor(cluster, handle);
  const isMany = counts.num4 >= IN_PARTS_COUNT;
  const options: Omit<AutoAssignOptions, 'host'> = {
    ...counts,
    ...(handle && { handle: handle.id, ...useOf(handle) }),
    ...(handle && !isMany && random.chance(0.6) && { unlessReleased: true }),
    ...(random.chance(0.25) && { partial: true }),
    ...(random.chance(0.15) && { pools4: [random.pick(cluster.poolsOf(4)).name] }),
    ...(random.chance(0.1) && { maxBlocksPerHost: random.int(4) - 1 }),
    ...(isMany && { pools4: ['single'], maxBlocksPerHost: -1 }),
    ...(random.chance(0.1) && { use: random.pick(['Tunnel', 'LoadBalancer'] as const) }),
    ...(random.chance(0.1) && { registerNode: true }),
    ...(random.chance(0.05) && { hostReserved4: HOST_RESERVED }),
    ...(random.chance(0.04) && { beforeCommit: giveUp }),
  };
  return {
    label: `autoAssign ${host} ${JSON.stringify(options)}`,
    request: requestOf(options, { 4: options.num4 ?? 0, 6: options.num6 ?? 0 }),
    isRepeatable: handle?.use.kind === 'return',
    run: async (ipam, call) => ({ kind: 'assigned', addresses: addressesOf(await ipam.autoAssign({ host, ...options, ...call })) }),
  };
}

function handleFor(cluster: Cluster): SimHandle | undefined {
  return cluster.random.weighted<() => SimHandle | undefined>([
    [2, () => undefined],
    [5, () => cluster.newHandle()],
    [4, () => cluster.recentHandle()],
  ])();
}

function useOf({ use }: SimHandle): Pick<AutoAssignOptions, 'ifHeld' | 'maxPerHandle'> {
  switch (use.kind) {
    case 'any':
      return {};
    case 'return':
      return { ifHeld: 'return' };
    case 'max':
      return { maxPerHandle: use.max };
  }
}

function countsFor({ random, pools }: Cluster, handle: SimHandle | undefined): { num4: number; num6: number } {
  if (handle?.use.kind === 'return') return { num4: handle.use.num4, num6: handle.use.num6 };
  if (handle?.use.kind === 'max') return { num4: random.int(handle.use.max + 1), num6: random.int(2) };
  if (pools.some(({ name }) => name === 'single') && random.chance(0.2)) return { num4: IN_PARTS_COUNT, num6: 0 };
  const count = () =>
    random.weighted([
      [3, 0],
      [6, 1],
      [3, 2],
      [1, 3],
      [1, 6],
      [0.5, 12],
    ] as const);
  const num4 = count();
  return { num4, num6: num4 === 0 ? 1 + random.int(3) : count() };
}

function requestOf(options: Omit<AutoAssignOptions, 'host'>, wanted: AssignRequest['wanted']): AssignRequest {
  return {
    kind: 'assign',
    handle: options.handle,
    wanted,
    partial: options.partial ?? false,
    countsHeld: options.ifHeld === 'return' || (options.maxPerHandle ?? 0) > 0,
    inParts: wanted[4] + wanted[6] >= IN_PARTS_COUNT,
    unlessReleased: options.unlessReleased === true,
    givesUp: options.beforeCommit !== undefined,
  };
}

async function giveUp(): Promise<void> {
  throw new GaveUp();
}

/** What a caller throws who no longer wants the addresses. */
export class GaveUp extends Error {}

export function assignIp(cluster: Cluster, host: string): PlatStart {
  const { random } = cluster;
  const chosen = handleFor(cluster);
  // A handle whose request is always the same is not used for another one.
  const handle = chosen?.use.kind === 'return' ? undefined : chosen;
  const ip = random.chance(0.2) ? (random.pick([...cluster.ended, cluster.someHold()])?.ip ?? cluster.someIp()) : cluster.someIp();
  const options = {
    ip,
    ...(handle && { handle: handle.id, ...useOf(handle) }),
    ...(handle && random.chance(0.5) && { unlessReleased: true }),
    ...(random.chance(0.1) && { use: 'Tunnel' as const }),
  };
  return {
    label: `assignIp ${host} ${JSON.stringify(options)}`,
    request: { ...requestOf(options, ip.includes(':') ? { 4: 0, 6: 1 } : { 4: 1, 6: 0 }), ip },
    isRepeatable: false,
    run: async (ipam, call) => {
      const { sequenceNumber, existing } = await ipam.assignIp({ host, ...options, ...call });
      return { kind: 'assigned', addresses: [{ ip, sequenceNumber, existing }] };
    },
  };
}

export function ensureBlock({ random }: Cluster, host: string): PlatStart {
  const families = random.pick([
    { hostReserved4: HOST_RESERVED },
    { hostReserved6: HOST_RESERVED },
    { hostReserved4: HOST_RESERVED, hostReserved6: HOST_RESERVED },
  ]);
  return plain(`ensureBlock ${host} ${Object.keys(families)}`, (ipam, call) => ipam.ensureBlock({ host, ...families, ...call }));
}

/** Changes the second owner of an address, as a live migration does. */
export function setOwners(cluster: Cluster): PlatStart | undefined {
  const hold = cluster.someHold();
  if (hold?.handle === undefined) return undefined;
  const { ip, handle } = hold;
  const alternate = cluster.random.chance(0.3) ? null : { namespace: 'default', pod: `pod-${cluster.random.int(3)}` };
  return plain(`setOwnerAttributes ${ip} ${handle}`, (ipam, call) => ipam.setOwnerAttributes({ ip, handle, alternate, ...call }));
}
