/**
 * Calls as calico-ipam got them, with its answers: what it accepts, plat accepts, with a result of the same shape. Fixtures:
 * environment, stdin, exit code and stdout of each, in order, on one etcd with pools `pool-a` 10.0.0.0/9 and `pool-6` fd00:10::/64.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '../../src/cni/plugin.ts';
import { SUPPORTED_VERSIONS } from '../../src/cni/versions.ts';
import { cidrOf, parseCidrMasked } from '../../src/core/addr.ts';
import type { Ipam } from '../../src/ipam/api.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';
import { cidr, ip } from '../support/records.ts';

interface Call {
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | { readonly ipam: object };
  readonly calico: { readonly exit: number; readonly stdout: string };
}

const CALLS = JSON.parse(await readFile(join(import.meta.dirname, '../fixtures/cni-calls.json'), 'utf8')) as readonly Call[];
const BLOCK_SIZES = { 4: 26, 6: 122 } as const;
const POOLS = { 4: '10.0.0.0/9', 6: 'fd00:10::/64' } as const;

/** Where plat does better than calico-ipam, which refuses what is `as` another call, or refuses it with 999. */
const BETTER: Readonly<Record<string, { readonly as: string } | { readonly code: number; readonly says: RegExp } | 'silence'>> = {
  'add 1.1.0': { as: 'add 1.0.0' },
  'unknown node': { as: 'add 1.0.0' },
  'pool unknown name': { code: 104, says: /pool.*nosuch/ },
  'pool unknown cidr': { code: 104, says: /10\.200\.0\.0\/24/ },
  'IP= taken': { code: 102, says: /10\.0\.0\.77 is held by handle k8s-pod-network\.i1/ },
  'IP= outside': { code: 103, says: /192\.168\.1\.1 .*no pool contains it/ },
  'IP= bad': { code: 7, says: /CNI_ARGS IP has "banana"/ },
  gc: { code: 7, says: /valid-attachments/ },
  status: 'silence',
};

let etcd: EtcdServers;
let ipam: Ipam;

beforeAll(async () => {
  etcd = await startEtcd();
  ipam = openIpam({ store: await openStore(`etcd://${etcd.endpoints.join(',')}`) });
  await ipam.pools.create({ name: 'pool-a', spec: { cidr: POOLS[4] } });
  await ipam.pools.create({ name: 'pool-6', spec: { cidr: POOLS[6] } });
  await ipam.nodes.create({ name: 'node-1', spec: {} });
});

afterAll(async () => {
  await ipam.close();
  await etcd.stop();
});

/** The call on this test's etcd. */
async function ours({ env, stdin }: Call): Promise<{ exit: number; stdout: string }> {
  const conf =
    typeof stdin === 'string'
      ? stdin
      : JSON.stringify({ ...stdin, etcd_endpoints: `http://${etcd.endpoints[0]}`, ipam: { ...stdin.ipam, type: 'plat' } });
  const { exitCode, stdout } = await answer({ env, clock: systemClock, parentPid: () => 4_711, readStdin: async () => conf });
  return { exit: exitCode, stdout };
}

/** An address or route with no more than its family and the length of its block's prefix, which calico-ipam leaves out for a chosen address. */
function shapeOf(stdout: string, cniVersion?: string): unknown {
  const parsed: unknown = JSON.parse(stdout, (name, value: unknown) => {
    if ((name !== 'address' && name !== 'ip' && name !== 'dst') || typeof value !== 'string') return value;
    const { version } = cidr(value);
    const length = Number(value.split('/')[1]);
    return `IPv${version}/${length === 32 || length === 128 ? BLOCK_SIZES[version] : length}`;
  });
  return cniVersion === undefined ? parsed : { ...(parsed as object), cniVersion };
}

/** Every text under one of these names, wherever it is. */
function textsUnder(names: readonly string[], stdout: string): string[] {
  const found: string[] = [];
  JSON.parse(stdout, (name, value: unknown) => {
    if (names.includes(name) && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

function calicoAnswer(title: string): string {
  const call = CALLS.find((each) => each.title === title);
  if (!call) throw new Error(`there is no call "${title}"`);
  return call.calico.stdout;
}

function expectResult(call: Call, stdout: string, like: string): void {
  const { cniVersion } = call.stdin as { cniVersion?: string };
  expect(shapeOf(stdout)).toEqual(shapeOf(like, cniVersion));
  const addresses = textsUnder(['address', 'ip'], stdout);
  // Its routes have host bits, which bridge, ptp and macvlan refuse.
  expect(textsUnder(['dst'], stdout).toSorted()).toEqual(addresses.map((text) => parseCidrMasked(text)?.text).toSorted());
  for (const text of addresses) {
    const { version } = cidr(text);
    expect(cidrOf(ip(text.split('/')[0] as string), cidr(POOLS[version]).prefixLength).text).toBe(cidr(POOLS[version]).text);
  }
}

describe('the calls that calico-ipam got, in their order', () => {
  const given = new Map<string, string>();

  it('are 29', () => {
    expect(CALLS).toHaveLength(29);
    expect(Object.keys(BETTER).filter((title) => !CALLS.some((call) => call.title === title))).toEqual([]);
  });

  it.each(CALLS.map((call) => [call.title, call] as const))('%s', async (title, call) => {
    const { exit, stdout } = await ours(call);
    const better = BETTER[title];
    if (better === 'silence') expect([exit, stdout]).toEqual([0, '']);
    else if (better && 'code' in better) {
      const { code, msg, details } = JSON.parse(stdout) as { code: number; msg: string; details: string };
      expect([exit, code, `${msg} ${details}`]).toEqual([1, better.code, expect.stringMatching(better.says)]);
    } else if (call.env['CNI_COMMAND'] === 'VERSION') {
      // It answers in its newest version; the specification wants the one that was asked in.
      const { supportedVersions } = JSON.parse(call.calico.stdout) as { supportedVersions: string[] };
      const { cniVersion } = (typeof call.stdin === 'string' ? JSON.parse(call.stdin) : call.stdin) as { cniVersion: string };
      expect([exit, JSON.parse(stdout)]).toEqual([0, { cniVersion, supportedVersions: [...supportedVersions, '1.1.0'] }]);
      expect(JSON.parse(stdout)).toMatchObject({ supportedVersions: SUPPORTED_VERSIONS });
    } else if (call.calico.exit === 1 && !better) {
      const [theirs, own] = [call.calico.stdout, stdout].map((text) => JSON.parse(text) as { code: number; msg: string });
      expect([exit, own?.code]).toEqual([1, theirs?.code]);
      expect(own?.msg.length).toBeGreaterThan(10);
    } else if (call.env['CNI_COMMAND'] === 'ADD') {
      expect(exit).toBe(0);
      expectResult(call, stdout, better ? calicoAnswer(better.as) : call.calico.stdout);
      given.set(title, stdout);
    } else expect([exit, stdout]).toEqual([call.calico.exit, call.calico.stdout]);
  });

  it('a repeated ADD got the address it had; everybody else one of its own', () => {
    expect(given.get('repeat add, same container')).toBe(given.get('add 1.0.0'));
    const addresses = [...given]
      .filter(([title]) => title !== 'repeat add, same container')
      .flatMap(([, stdout]) => textsUnder(['address', 'ip'], stdout));
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it("a chosen address came with the prefix length of its block, which is the node's own from then on", () => {
    expect(textsUnder(['address', 'dst'], given.get('IP=') ?? '')).toEqual(['10.0.0.77/26', '10.0.0.64/26']);
    expect(textsUnder(['address'], given.get('not kubernetes') ?? '')).toEqual(['10.0.0.64/26']);
  });

  it('what is held in the end is what was not deleted, recorded as calico-ipam does, and more', async () => {
    const held = new Map<string, Readonly<Record<string, string>>>();
    for await (const block of ipam.listBlocks()) {
      if (!('corruptKey' in block)) for (const { attribute } of block.held) held.set(attribute?.handleId ?? '', attribute?.secondary ?? {});
    }
    const adds = CALLS.filter(({ env, title }) => env['CNI_COMMAND'] === 'ADD' && given.has(title)).map(
      ({ env }) => env['CNI_CONTAINERID'],
    );
    const kept = [...new Set(adds)].filter((container) => container !== 'd1' && container !== 'd2');
    expect([...held.keys()].toSorted()).toEqual(kept.map((container) => `k8s-pod-network.${container}`).toSorted());
    expect(held.get('k8s-pod-network.i1')).toMatchObject({
      node: 'node-1',
      pod: 'web-1',
      namespace: 'default',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d .* UTC$/),
    });
    expect(held.get('k8s-pod-network.n2')).toMatchObject({ node: 'nosuch' });
  });
});
