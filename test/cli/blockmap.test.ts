import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blockMapValue, readBlockMap } from '../../src/cli/blockcells.ts';
import { renderBlockMap } from '../../src/cli/blockmap.ts';
import { parseCidrMasked } from '../../src/core/addr.ts';
import type { Ipam } from '../../src/ipam/api.ts';
import { openIpam } from '../../src/ipam/open.ts';
import { keyOf } from '../../src/store/keys.ts';
import { type MemoryStore, openMemoryStore } from '../../src/store/memory.ts';

let store: MemoryStore;
let ipam: Ipam;
beforeEach(() => {
  store = openMemoryStore();
  ipam = openIpam({ store });
});
afterEach(() => ipam.close());

const pool = (name: string, cidr: string, blockSize: number) => ipam.pools.create({ name, spec: { cidr, blockSize } });
const assign = (ip: string, host: string, handle = `${host}-${ip}`) => ipam.assignIp({ ip, host, handle, attrs: { node: host } });
const draw = async (columns?: number) => renderBlockMap(await readBlockMap(ipam, {}), { columns, paint: (_style, text) => text });
/** Every painted piece as `[style]text`. */
const drawPainted = async () =>
  renderBlockMap(await readBlockMap(ipam, {}), { columns: undefined, paint: (style, text) => `[${style}]${text}` });
const linesWith = (map: string, text: string) => map.split('\n').filter((line) => line.includes(text));

describe('renderBlockMap', () => {
  it('draws own addresses in the letter of their node, borrowed ones small, cooling and free ones as marks', async () => {
    await pool('p', '10.0.0.0/28', 29);
    await ipam.setConfig({ ipCooldownSeconds: 300 });
    await assign('10.0.0.0', 'a');
    await assign('10.0.0.3', 'b');
    await assign('10.0.0.5', 'a', 'gone');
    await ipam.releaseByHandle({ handle: 'gone' });
    const map = await draw();
    expect(linesWith(map, '10.0.0.0/29')).toEqual(['  A 10.0.0.0/29  A..b.~..']);
    expect(map).toContain('p  10.0.0.0/28  1 block, 2 addresses held, 1 borrowed, 1 cooling');
    expect(map).toContain('A a   B b');
  });

  it('paints each node in a colour of its own, and its borrowed addresses in another style than its own', async () => {
    await pool('p', '10.0.0.0/28', 30);
    for (const [index, host] of ['a', 'b', 'c'].entries()) await assign(`10.0.0.${4 * index}`, host);
    await assign('10.0.0.1', 'b');
    const styles = new Map(
      [...(await drawPainted()).matchAll(/\[([^\]]*)\]([ABCb])/g)].map(([, style = '', letter = '']) => [letter, style]),
    );
    expect(styles.size).toBe(4);
    expect(new Set(styles.values()).size).toBe(4);
  });

  it('shows a holder that names no node, and a block that belongs to none', async () => {
    await pool('p', '10.0.0.0/29', 30);
    await ipam.assignIp({ ip: '10.0.0.1', host: 'a' });
    await assign('10.0.0.5', 'b');
    await ipam.releaseHostAffinities({ host: 'b' });
    const map = await draw();
    expect(linesWith(map, '10.0.0.0/30')).toEqual(['  A 10.0.0.0/30  .?..']);
    expect(linesWith(map, '10.0.0.4/30')).toEqual(['  - 10.0.0.4/30  .b..']);
  });

  it('draws 64 cells in one row where there is room, else in rows of 32 or fewer, never wider than the terminal', async () => {
    await pool('p', '10.0.0.0/24', 26);
    await pool('six', 'fd00::/120', 122);
    for (const host of ['worker-1', 'worker-2', 'worker-3'])
      await ipam.autoAssign({ host, attrs: { node: host }, num4: 64, num6: 5, registerNode: true });
    const wide = await draw(100);
    expect(wide).toMatch(/A{64}/);
    for (const [columns, cells] of [
      [80, 32],
      [60, 32],
      [40, 16],
    ] as const) {
      const map = await draw(columns);
      expect(map).toMatch(new RegExp(`^ *A{${cells}}$`, 'm'));
      expect(map).not.toMatch(new RegExp(`A{${cells + 1}}`));
      const pictureLines = map.split('\n').filter((line) => line.startsWith('  '));
      expect(Math.max(...pictureLines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('collapses IPv6 blocks and very large ones to counts', async () => {
    await pool('four', '10.0.0.0/20', 20);
    await pool('six', 'fd00::/120', 122);
    await assign('10.0.0.9', 'a');
    await assign('fd00::1', 'a');
    await assign('fd00::2', 'a');
    await assign('fd00::3', 'b');
    const map = await draw();
    expect(linesWith(map, '10.0.0.0/20')).toEqual(['four  10.0.0.0/20  1 block, 1 address held', '  A 10.0.0.0/20  A 1   . 4095']);
    expect(linesWith(map, 'fd00::/122')).toEqual(['  A fd00::/122  A 2   b 1   . 61']);
  });

  it('puts blocks of no pool last, and names what cannot be read', async () => {
    await pool('p', '10.9.0.0/29', 29);
    await pool('gone', '10.0.0.0/29', 29);
    await assign('10.9.0.1', 'a');
    await assign('10.0.0.1', 'a');
    await ipam.pools.delete({ name: 'gone' });
    const network = parseCidrMasked('10.8.0.0/29');
    if (network === undefined) throw new Error('a network');
    const key = keyOf({ kind: 'block', cidr: network });
    await store.commit({ guards: [], writes: [{ key, value: new TextEncoder().encode('{') }], deletes: [] });
    const map = await draw();
    expect(map.indexOf('outside all pools')).toBeGreaterThan(map.indexOf('p  10.9.0.0/29'));
    expect(linesWith(map, '10.0.0.0/29')).toEqual(['  - 10.0.0.0/29  .a......']);
    expect(map).toContain(`unreadable ${key}: `);
    expect(blockMapValue(await readBlockMap(ipam, {}))).toMatchObject({
      corrupt: [{ corruptKey: key }],
      blocks: [{ pool: 'p' }, { pool: null }],
    });
  });

  it('orders nodes by number, and repeats letters when there are more nodes than letters', async () => {
    await pool('p', '10.0.0.0/26', 26);
    for (let index = 1; index <= 28; index++) await assign(`10.0.0.${index}`, `n${index}`);
    expect(await draw()).toMatch(/A n1 {3}B n2 {3}C n3 [\s\S]*Z n26\s+A n27 {3}B n28/);
  });

  it('says so when there is nothing to draw', async () => {
    expect(await draw()).toBe('No blocks yet: no address was ever assigned.');
  });
});
