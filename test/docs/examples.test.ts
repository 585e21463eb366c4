import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Ipam, IpamError, openIpam, openStore } from '../../src/index.ts';
import { StillClock } from './clock.ts';
import { fencesOf, fileText, unindented } from './documents.ts';

const API = 'docs/api.md';

/** What the document says its examples begin with. */
async function cluster(): Promise<Ipam> {
  const ipam = openIpam({ store: await openStore('memory:'), clock: new StillClock() });
  await ipam.pools.create({ name: 'pods', spec: { cidr: '10.244.0.0/16' } });
  await ipam.pools.create({ name: 'pods6', spec: { cidr: 'fd00:10:244::/64' } });
  await ipam.nodes.create({ name: 'worker-1', labels: { rack: 'r1' }, spec: {} });
  return ipam;
}

/** An example's last comment shows what it gives. */
const RESULT = /(?<=\n)(\/\/ .*\n)+$/;

/** The value that the document shows under `heading`, as Node prints it, on one line. */
function shown(heading: string): string {
  const results = fencesOf(API).flatMap((each) => (each.heading === heading ? (RESULT.exec(each.code)?.[0] ?? []) : []));
  if (results.length !== 1) throw new Error(`${API} shows ${results.length} values under "${heading}"`);
  return unindented(results.join('').replaceAll('// ', '')).replaceAll('\n', ' ');
}

function printed(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY });
}

describe('examples of the API document', () => {
  it('are all in this file, as they stand there', () => {
    const own = unindented(fileText('test/docs/examples.test.ts').replaceAll("'../../src/index.ts'", "'plat-ipam'"));
    const examples = fencesOf(API).filter(({ language }) => language === 'ts');
    expect(examples.length).toBeGreaterThan(15);
    expect(examples.map(({ code }) => code.replace(RESULT, '')).filter((code) => !own.includes(unindented(code)))).toEqual([]);
  });

  it('leave no operation of the library out', async () => {
    const text = fileText(API);
    const operations = Object.keys(await cluster());
    expect(operations.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });

  it('Open and close', async () => {
    const ipam = openIpam({ store: await openStore('memory:') });
    await ipam.pools.create({ name: 'pods', spec: { cidr: '10.244.0.0/16' } });
    const { v4 } = await ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', num4: 1, registerNode: true });
    await ipam.close();
    expect(v4?.addresses).toHaveLength(1);
    await expect(ipam.getConfig()).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('Refusals', async () => {
    const ipam = await cluster();
    const advice: string[] = [];
    try {
      await ipam.autoAssign({ host: 'worker-9', handle: 'pod-a', num4: 1 });
    } catch (error) {
      if (!(error instanceof IpamError) || error.code !== 'node-not-found') throw error;
      advice.push(error.message);
    }
    expect(advice).toEqual([expect.stringContaining('Register it first: plat create node worker-9')]);
  });

  it('autoAssign', async () => {
    const ipam = await cluster();
    const attrs = { pod: 'web-0', namespace: 'default', node: 'worker-1' };
    const result = await ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', attrs, num4: 1, num6: 1 });
    expect(printed(result.v4)).toBe(shown('autoAssign'));
    expect(result.v6?.addresses).toHaveLength(1);
  });

  it('ifHeld', async () => {
    const ipam = await cluster();
    const request = { host: 'worker-1', handle: 'pod-a', num4: 1, ifHeld: 'return' } as const;
    const first = await ipam.autoAssign(request);
    const again = await ipam.autoAssign(request);
    expect(again.v4?.addresses[0]?.ip).toBe(first.v4?.addresses[0]?.ip);
    expect(again.v4?.addresses[0]?.existing).toBe(true);
  });

  it('I7 partial', async () => {
    const ipam = await cluster();
    await ipam.pools.create({ name: 'tiny', spec: { cidr: '192.168.7.0/30', blockSize: 30, assignmentMode: 'Manual' } });
    const { v4 } = await ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', num4: 6, pools4: ['tiny'], partial: true });
    const { code, missing } = v4?.shortfall ?? {};
    expect(v4?.addresses).toHaveLength(4);
    expect({ code, missing }).toEqual({ code: 'no-free-address', missing: 2 });
  });

  it('I11 unlessReleased, beforeCommit and final', async () => {
    const ipam = await cluster();
    const parent = new AbortController();
    // ADD of a container runtime, which may be slow, or an orphan by now.
    const add = ipam.autoAssign({
      host: 'worker-1',
      handle: 'pod-a',
      num4: 1,
      unlessReleased: true,
      beforeCommit: () => parent.signal.throwIfAborted(),
    });
    await add;
    // DEL of the same attachment.
    await ipam.releaseByHandle({ handle: 'pod-a', final: true });
    await expect(ipam.ipsByHandle({ handle: 'pod-a' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('I11 a release that is answered while an assignment is on its way makes it fail', async () => {
    const ipam = await cluster();
    let released = 0;
    const late = ipam.autoAssign({
      host: 'worker-1',
      handle: 'pod-a',
      num4: 1,
      unlessReleased: true,
      beforeCommit: async () => {
        if (released++ === 0) await ipam.releaseByHandle({ handle: 'pod-a', final: true });
      },
    });
    await expect(late).rejects.toMatchObject({ code: 'released-meanwhile' });
  });

  it('Many calls at once', async () => {
    const ipam = await cluster();
    const pods = ['pod-a', 'pod-b', 'pod-c'];
    const results = await Promise.all(pods.map((handle) => ipam.autoAssign({ host: 'worker-1', handle, num4: 1 })));
    expect(new Set(results.map(({ v4 }) => v4?.addresses[0]?.ip)).size).toBe(3);
  });

  it('signal and timeoutMs', async () => {
    const ipam = await cluster();
    const stop = new AbortController();
    const call = ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', num4: 1, timeoutMs: 2_000, signal: stop.signal });
    expect((await call).v4?.addresses).toHaveLength(1);
    stop.abort();
    const aborted = ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', num4: 1, signal: stop.signal });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('assignFromNetwork', async () => {
    const ipam = await cluster();
    const slots = [[{ subnet: '10.22.0.0/24', rangeStart: '10.22.0.10', exclude: ['10.22.0.11'] }], [{ subnet: 'fd00:22::/64' }]];
    const web = await ipam.assignFromNetwork({ host: 'worker-1', network: 'lan', handle: 'lan.web', slots });
    const db = await ipam.assignFromNetwork({ host: 'worker-1', network: 'lan', handle: 'lan.db', slots, ips: ['10.22.0.200'] });
    const texts = [...web, ...db].map(({ ip, subnet, gateway }) => `${ip} in ${subnet} by ${gateway}`);
    expect(printed(texts)).toBe(shown('assignFromNetwork'));
  });

  it('assignIp', async () => {
    const ipam = await cluster();
    const address = await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'gateway' });
    expect(printed(address)).toBe(shown('assignIp'));
  });

  it('releaseIps', async () => {
    const ipam = await cluster();
    const { ip, sequenceNumber } = await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'gateway' });
    const result = await ipam.releaseIps({ ips: [{ ip, handle: 'gateway', sequenceNumber }, { ip: '10.244.3.8' }] });
    expect(printed(result)).toBe(shown('releaseIps'));
    await expect(ipam.releaseIps({ ips: [{ ip, sequenceNumber: sequenceNumber + 1n }] })).rejects.toMatchObject({
      code: 'bad-sequence-number',
    });
  });

  it('releaseByHandle', async () => {
    const ipam = await cluster();
    await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'gateway' });
    const first = await ipam.releaseByHandle({ handle: 'gateway' });
    const again = await ipam.releaseByHandle({ handle: 'gateway' });
    expect(printed([first, again])).toBe(shown('releaseByHandle'));
  });

  it('ipsByHandle, getAssignmentAttributes', async () => {
    const ipam = await cluster();
    await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'vm-1', attrs: { pod: 'vm-a', namespace: 'default' } });
    const [ip = ''] = await ipam.ipsByHandle({ handle: 'vm-1' });
    const attributes = await ipam.getAssignmentAttributes({ ip });
    expect(printed(attributes)).toBe(shown('ipsByHandle, getAssignmentAttributes'));
  });

  it('setOwnerAttributes', async () => {
    const ipam = await cluster();
    await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'vm-1', attrs: { pod: 'vm-a', namespace: 'default' } });
    const ip = '10.244.3.7';
    const handle = 'vm-1';
    const target = { pod: 'vm-b', namespace: 'default' };
    await ipam.setOwnerAttributes({ ip, handle, alternate: target, expectAlternate: 'empty' });
    const expectActive = { namespace: 'default', name: 'vm-a' };
    await ipam.setOwnerAttributes({ ip, handle, active: target, alternate: null, expectActive });
    expect(await ipam.getAssignmentAttributes({ ip })).toMatchObject({ active: target, alternate: undefined });
  });

  it('claiming and giving up blocks', async () => {
    const ipam = await cluster();
    const { claimed } = await ipam.claimAffinity({ host: 'worker-1', cidr: '10.244.8.0/25' });
    await ipam.releaseAffinity({ host: 'worker-1', cidr: '10.244.8.0/26', mustBeEmpty: true });
    await ipam.releaseBlockAffinity({ cidr: '10.244.8.64/26' });
    expect(claimed).toEqual(['10.244.8.0/26', '10.244.8.64/26']);
    await ipam.claimAffinity({ host: 'worker-1', cidr: '10.244.8.0/25' });
    const { released } = await ipam.releaseHostAffinities({ host: 'worker-1' });
    expect(released).toEqual(claimed);
    expect(await ipam.releasePoolAffinities({ cidr: '10.244.0.0/16' })).toEqual({ released: [] });
    await ipam.removeHost({ host: 'worker-1' });
    expect(await ipam.getUtilization({ pools: ['pods'] })).toMatchObject([{ blocks: [] }]);
  });

  it('explainIp', async () => {
    const ipam = await cluster();
    await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'gateway' });
    const { state, holder, sentences } = await ipam.explainIp({ ip: '10.244.3.7' });
    expect(printed(sentences)).toBe(shown('explainIp'));
    expect({ state, handle: holder?.handle }).toEqual({ state: 'held', handle: 'gateway' });
  });

  it('explainAssign', async () => {
    const ipam = await cluster();
    const { assignable, considered } = await ipam.explainAssign({ host: 'worker-1', num4: 1, pools4: ['pods'] });
    const [best] = (await ipam.explainAssign({ host: 'worker-1', num4: 1 })).addresses;
    expect(assignable).toBe(true);
    expect(considered.map(({ verdict }) => verdict)).toEqual(['eligible', 'other-family']);
    expect(best).toMatchObject({ pool: 'pods', source: 'new-block' });
  });

  it('watchUtilization', async () => {
    const ipam = await cluster();
    const stop = new AbortController();
    const seen: (bigint | undefined)[] = [];
    await ipam.autoAssign({ host: 'worker-1', num4: 1 });
    for await (const [pool] of ipam.watchUtilization({ pools: ['pods'], signal: stop.signal })) {
      seen.push(pool?.inUse);
      if (pool?.inUse === 1n) stop.abort();
    }
    expect(seen).toEqual([1n]);
  });

  it('splitPool', async () => {
    const ipam = await cluster();
    const { parts } = await ipam.splitPool({ name: 'pods', parts: 4 });
    expect(parts[3]).toEqual({ name: 'split-pods-3', cidr: '10.244.192.0/18' });
  });

  it('dump, load', async () => {
    const [ipam, target] = [await cluster(), openIpam({ store: await openStore('memory:') })];
    const lines: string[] = [];
    for await (const line of ipam.dump()) lines.push(line);
    const open = () => Readable.from(lines.map((line) => Buffer.from(line)));
    const { entries, added } = await target.load({ open });
    expect({ entries, added }).toEqual({ entries: 3, added: 3 });
    expect(await target.pools.list()).toHaveLength(2);
  });

  it('ensureBlock', async () => {
    const ipam = await cluster();
    const hostReserved4 = { startOfBlock: 3, endOfBlock: 1, handle: 'windows-reserved-ipam-handle', note: 'windows host rsvd' };
    const { v4 } = await ipam.ensureBlock({ host: 'worker-1', hostReserved4 });
    const next = await ipam.autoAssign({ host: 'worker-1', handle: 'pod-a', num4: 1, hostReserved4 });
    const base = v4?.split('/')[0]?.split('.').map(Number) ?? [];
    expect(next.v4?.addresses[0]?.ip).toBe([...base.slice(0, 3), (base[3] ?? 0) + 3].join('.'));
  });

  it('getUtilization, listBlocks', async () => {
    const ipam = await cluster();
    await ipam.assignIp({ ip: '10.244.3.7', host: 'worker-1', handle: 'gateway' });
    const held: string[] = [];
    const [pods] = await ipam.getUtilization({ pools: ['pods'] });
    for await (const block of ipam.listBlocks()) {
      if ('corruptKey' in block) held.push(`${block.corruptKey}: ${block.reason}`);
      else for (const { ip, attribute } of block.held) held.push(`${ip} ${attribute?.handleId}`);
    }
    expect(printed(pods)).toBe(shown('getUtilization, listBlocks'));
    expect(held).toEqual(['10.244.3.7 gateway']);
  });

  it('getConfig, setConfig', async () => {
    const ipam = await cluster();
    await ipam.setConfig({ ipCooldownSeconds: 300 });
    const config = await ipam.getConfig();
    expect(printed(config)).toBe(shown('getConfig, setConfig'));
    await expect(ipam.setConfig({ maxBlocksPerHost: 4 })).rejects.toMatchObject({ code: 'invalid-resource' });
  });

  it('pools, reservations, nodes', async () => {
    const ipam = await cluster();
    await ipam.reservations.create({ name: 'gateways', spec: { reservedCIDRs: ['10.244.0.0/30'] } });
    const before = await ipam.pools.get({ name: 'pods' });
    await ipam.pools.replace({ name: 'pods', spec: { nodeSelector: "rack == 'r1'" }, resourceVersion: before?.resourceVersion ?? '' });
    const names = (await ipam.pools.list()).map(({ name }) => name);
    await ipam.pools.delete({ name: 'pods6' });
    expect(names).toEqual(['pods', 'pods6']);
    await ipam.nodes.replace({ name: 'worker-1', labels: { rack: 'r2' }, spec: {} });
    await expect(ipam.autoAssign({ host: 'worker-1', num4: 1 })).rejects.toMatchObject({ code: 'no-qualified-pool' });
    const stale = ipam.pools.replace({ name: 'pods', spec: { disabled: true }, resourceVersion: before?.resourceVersion ?? '' });
    await expect(stale).rejects.toMatchObject({ code: 'conflict' });
  });
});
