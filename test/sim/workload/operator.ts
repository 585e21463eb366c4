/** What operators do while the cluster runs: pools, nodes, reservations, settings, affinities. */
import { type Cluster, ZONES } from '../cluster.ts';
import { type PlatStart, plain } from './start.ts';

export function config({ random }: Cluster): PlatStart {
  const strictAffinity = random.chance(0.3);
  const change = {
    strictAffinity,
    autoAllocateBlocks: !strictAffinity || random.chance(0.7),
    maxBlocksPerHost: strictAffinity && random.chance(0.5) ? 1 + random.int(3) : 0,
    ...(random.chance(0.6) && { ipCooldownSeconds: random.pick([0, 0, 2, 10, 60]) }),
  };
  return plain(`setConfig ${JSON.stringify(change)}`, (ipam, call) => ipam.setConfig({ ...change, ...call }));
}

export function pools(cluster: Cluster): PlatStart {
  const { random } = cluster;
  const { name, cidr, spec } = random.pick(cluster.pools);
  const selector = random.pick(['all()', `zone == "${random.pick(ZONES)}"`]);
  const labelled = spec.allowedUses?.includes('LoadBalancer') ? {} : { nodeSelector: selector };
  const isResized = cluster.mayResize && random.chance(0.3);
  const blockSize = isResized ? cidr.prefixLength + 1 + random.int(3) : spec.blockSize;
  return random.weighted<() => PlatStart>([
    [2, () => plain(`pool ${name} disabled`, (ipam, call) => ipam.pools.replace({ name, spec: { disabled: true }, ...call }))],
    [4, () => plain(`pool ${name} enabled`, (ipam, call) => ipam.pools.replace({ name, spec: { disabled: false }, ...call }))],
    [3, () => plain(`pool ${name} for ${selector}`, (ipam, call) => ipam.pools.replace({ name, spec: labelled, ...call }))],
    [1, () => plain(`pool ${name} deleted`, (ipam, call) => ipam.pools.delete({ name, ...call }))],
    [
      4,
      () =>
        plain(`pool ${name} created with /${blockSize}`, (ipam, call) =>
          ipam.pools.create({ name, spec: { ...spec, blockSize }, ...call }),
        ),
    ],
  ])();
}

export function nodes({ random, nodes: names }: Cluster): PlatStart {
  const name = random.pick(names);
  const labels = { zone: random.pick(ZONES) };
  return random.weighted<() => PlatStart>([
    [3, () => plain(`node ${name} in zone ${labels.zone}`, (ipam, call) => ipam.nodes.replace({ name, labels, spec: {}, ...call }))],
    [1, () => plain(`node ${name} deleted`, (ipam, call) => ipam.nodes.delete({ name, ...call }))],
    [3, () => plain(`node ${name} created`, (ipam, call) => ipam.nodes.create({ name, labels, spec: {}, ...call }))],
    [1, () => plain(`removeHost ${name}`, (ipam, call) => ipam.removeHost({ host: name, ...call }))],
  ])();
}

export function reservations(cluster: Cluster): PlatStart {
  const { random } = cluster;
  const name = `reserved-${random.int(2)}`;
  const network = cluster.someNetwork();
  const reservedCIDRs = [random.chance(0.7) ? cluster.someIp() : network.text];
  return random.weighted<() => PlatStart>([
    [
      2,
      () =>
        plain(`reservation ${name} ${reservedCIDRs}`, (ipam, call) => ipam.reservations.create({ name, spec: { reservedCIDRs }, ...call })),
    ],
    [
      1,
      () =>
        plain(`reservation ${name} now ${reservedCIDRs}`, (ipam, call) =>
          ipam.reservations.replace({ name, spec: { reservedCIDRs }, ...call }),
        ),
    ],
    [2, () => plain(`reservation ${name} deleted`, (ipam, call) => ipam.reservations.delete({ name, ...call }))],
  ])();
}

export function affinities(cluster: Cluster): PlatStart {
  const { random } = cluster;
  const host = random.pick(cluster.nodes);
  const cidr = cluster.someNetwork().text;
  const block = random.pick([...cluster.mirror.blocks.keys(), cidr]);
  const mustBeEmpty = random.chance(0.5);
  const empty = mustBeEmpty ? ' if empty' : '';
  return random.weighted<() => PlatStart>([
    [4, () => plain(`claimAffinity ${host} ${cidr}`, (ipam, call) => ipam.claimAffinity({ host, cidr, ...call }))],
    [3, () => plain(`releaseAffinity ${host} ${cidr}${empty}`, (ipam, call) => ipam.releaseAffinity({ host, cidr, mustBeEmpty, ...call }))],
    [2, () => plain(`releaseHostAffinities ${host}${empty}`, (ipam, call) => ipam.releaseHostAffinities({ host, mustBeEmpty, ...call }))],
    [
      3,
      () =>
        plain(`releaseBlockAffinity ${block}${empty}`, (ipam, call) => ipam.releaseBlockAffinity({ cidr: block, mustBeEmpty, ...call })),
    ],
    [1, () => plain(`releasePoolAffinities ${cidr}`, (ipam, call) => ipam.releasePoolAffinities({ cidr, ...call }))],
  ])();
}
