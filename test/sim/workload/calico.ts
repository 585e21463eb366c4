/** What callers of the foreign writer ask it for. */

import type { Cidr } from '../../../src/core/addr.ts';
import { type Ip, parseCidrMasked, parseIp } from '../../../src/core/addr.ts';
import { claimBlock, releaseBlock } from '../calico/affinities.ts';
import { assignIp, autoAssign } from '../calico/assign.ts';
import type { Calico } from '../calico/context.ts';
import { releaseByHandle, releaseIp } from '../calico/release.ts';
import type { Cluster } from '../cluster.ts';
import type { AssignRequest, Request } from '../operation.ts';
import type { Start } from './start.ts';

export type CalicoStart = Start<Calico>;

export function calicoOperation(cluster: Cluster, host: string): CalicoStart {
  return cluster.random.weighted([
    [8, auto],
    [2, byAddress],
    [2, releaseOne],
    [4, releaseAll],
    [2, affinity],
  ])(cluster, host);
}

function start(
  label: string,
  request: Request,
  run: (calico: Calico, attrs: Readonly<Record<string, string>>) => Promise<unknown>,
): CalicoStart {
  return {
    label: `calico ${label}`,
    request,
    isRepeatable: false,
    run: async (calico, { attrs }) => {
      await run(calico, attrs);
      return { kind: 'done' };
    },
  };
}

/** Mostly its own handles; now and then one that the library's callers use too. */
function handleFor(cluster: Cluster): string {
  const { random } = cluster;
  return random.chance(0.15) ? cluster.recentHandle().id : `c${random.int(12)}`;
}

function assignRequest(handle: string, wanted: AssignRequest['wanted']): AssignRequest {
  return { kind: 'assign', handle, wanted, partial: true, countsHeld: false, inParts: true, unlessReleased: false, givesUp: false };
}

function auto(cluster: Cluster, host: string): CalicoStart {
  const { random } = cluster;
  const handle = handleFor(cluster);
  const version = random.pick([4, 6] as const);
  const count = 1 + random.int(3);
  const wanted = version === 4 ? { 4: count, 6: 0 } : { 4: 0, 6: count };
  return start(`autoAssign ${host} ${handle} ${count} IPv${version}`, assignRequest(handle, wanted), (calico, attrs) =>
    autoAssign(calico, { host, version, count, holder: { handle, attrs } }),
  );
}

function byAddress(cluster: Cluster, host: string): CalicoStart {
  const handle = handleFor(cluster);
  const ip = parseIp(cluster.someIp()) as Ip;
  const wanted = ip.version === 4 ? { 4: 1, 6: 0 } : { 4: 0, 6: 1 };
  return start(`assignIp ${host} ${ip.text} ${handle}`, { ...assignRequest(handle, wanted), ip: ip.text }, (calico, attrs) =>
    assignIp(calico, { host, ip, holder: { handle, attrs } }),
  );
}

function releaseOne(cluster: Cluster): CalicoStart {
  const hold = cluster.someHold();
  const claim = { ip: hold?.ip ?? cluster.someIp(), ...(hold && cluster.random.chance(0.5) && { sequenceNumber: hold.sequenceNumber }) };
  return start(`releaseIps ${claim.ip}`, { kind: 'release-ips', claims: [claim] }, (calico) => releaseIp(calico, claim));
}

function releaseAll(cluster: Cluster): CalicoStart {
  const held = cluster.someHold()?.handle;
  const handle = held !== undefined && cluster.random.chance(0.7) ? held : handleFor(cluster);
  return start(`releaseByHandle ${handle}`, { kind: 'release-handle', handle, final: false }, (calico) => releaseByHandle(calico, handle));
}

function affinity(cluster: Cluster): CalicoStart {
  const { random } = cluster;
  const owner = { type: 'host', name: random.pick(cluster.nodes) } as const;
  const network = cluster.someNetwork();
  const cidr = parseCidrMasked([...cluster.mirror.blocks.keys()][random.int(cluster.mirror.blocks.size)] ?? '') as Cidr | undefined;
  if (cidr && random.chance(0.7))
    return start(`release ${owner.name} ${cidr.text}`, { kind: 'other' }, (calico) =>
      releaseBlock(calico, owner, cidr, random.chance(0.5)),
    );
  const pool = cluster.pools.find((each) => each.cidr.text === network.text);
  const block = pool ? (parseCidrMasked(`${network.text.split('/')[0]}/${pool.spec.blockSize}`) as Cidr) : network;
  return start(`claim ${owner.name} ${block.text}`, { kind: 'other' }, (calico) => claimBlock(calico, owner, block));
}
