import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { writePods } from '../support/pods.ts';
import { type Run, runLine, useSession } from './session.ts';

interface DemoNumbers {
  readonly pods: { readonly placed: number; readonly skipped: Readonly<Record<string, number>> };
  readonly nodes: readonly { readonly name: string; readonly pods: number; readonly addresses: number; readonly borrowed: number }[];
  readonly pools: readonly PoolNumbers[];
  readonly drained: { readonly node: string; readonly pods: number; readonly addressesReleased: number };
  readonly poolsAfter: readonly PoolNumbers[];
}
interface PoolNumbers {
  readonly name: string;
  readonly inUse: number;
  readonly blocks: readonly { readonly inUse: number }[];
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** The numbers of a run that must succeed. */
function numbersOf({ code, stdout, stderr }: Run): DemoNumbers {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as DemoNumbers;
}

describe('plat demo', () => {
  const { store } = useSession();
  /** A file beside the store of this test. */
  const fileNamed = (name: string) => `${store().replace('lmdb:', '')}-${name}`;

  it('tells the whole story: pools, pods, the picture, a node drained, the picture again', async () => {
    const { code, stdout, stderr } = await runLine(['demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/8 nodes placed 2\d\d pods/);
    const [before = '', after = ''] = stdout.split(/^The \d+ pods of .*$/m);
    for (const picture of [before, after]) {
      expect(picture).toMatch(/^ {2}[A-H] 10\.244\.\d+\.\d+\/28 +[A-Ha-h.~]{16}$/m);
      expect(picture).toMatch(/^ {2}[A-H] fd00:10:244::[0-9a-f:]*\/122 +/m);
      expect(picture).toMatch(/A worker-1 {3}B worker-2/);
      expect(picture).toContain('| IP Pool  | 10.244.0.0/25');
    }
    const cells = (picture: string) => [...picture.matchAll(/10\.244\.\d+\.\d+\/28 +(\S+)$/gm)].map(([, row]) => row).join('');
    expect(cells(before)).toMatch(/[a-h]/);
    expect(cells(before)).not.toContain('~');
    expect(cells(after)).toContain('~');
  });

  it('gives its final numbers as JSON, and they add up', async () => {
    const numbers = numbersOf(await runLine(['demo', '-o', 'json']));
    const { placed } = numbers.pods;
    expect(placed).toBeGreaterThan(200);
    expect(numbers.nodes).toHaveLength(8);
    expect(sum(numbers.nodes.map(({ pods }) => pods))).toBe(placed);
    expect(sum(numbers.nodes.map(({ addresses }) => addresses))).toBe(2 * placed);
    expect(sum(numbers.nodes.map(({ borrowed }) => borrowed))).toBeGreaterThan(0);
    expect(sum(numbers.pools.map(({ inUse }) => inUse))).toBe(2 * placed);
    expect(sum(numbers.pools.flatMap(({ blocks }) => blocks.map(({ inUse }) => inUse)))).toBe(2 * placed);
    const { node, pods, addressesReleased } = numbers.drained;
    expect({ pods, addressesReleased }).toEqual({
      pods: numbers.nodes.find(({ name }) => name === node)?.pods,
      addressesReleased: 2 * pods,
    });
  });

  it('CD-07 counts the cooling addresses of the drained node as in use', async () => {
    const { pools, poolsAfter } = numbersOf(await runLine(['demo', '-o', 'json']));
    expect(poolsAfter.map(({ name, inUse }) => ({ name, inUse }))).toEqual(pools.map(({ name, inUse }) => ({ name, inUse })));
  });

  it('places the pods of a list of ones own', async () => {
    await writePods(fileNamed('pods'), { count: 30, nodes: 3 });
    expect(numbersOf(await runLine(['demo', '-o', 'json', '--pods', fileNamed('pods')]))).toMatchObject({
      pods: { placed: 30, skipped: { hostNetwork: 0, finished: 0, pending: 0 } },
      nodes: ['n0', 'n1', 'n2'].map((name) => ({ name, pods: 10, addresses: 20 })),
    });
  });

  it('places the pods of a list from stdin', async () => {
    await writePods(fileNamed('pods'), { count: 2, nodes: 2 });
    const list = await readFile(fileNamed('pods'), 'utf8');
    const { code, stdout, stderr } = await runLine(['demo', '--pods', '-'], { readInput: async () => list });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^The 1 pod of n0 is gone: 2 addresses released\.$/m);
    expect(await runLine(['demo', '--pods', '-'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^plat: stdin is not what/) });
  });

  it('refuses a list that is none, or that is not there', async () => {
    await writeFile(fileNamed('text'), 'NAME READY STATUS');
    for (const [name, reason] of [
      ['text', 'kubectl get pods'],
      ['missing', 'missing'],
    ] as const) {
      const { code, stdout, stderr } = await runLine(['demo', '--pods', fileNamed(name)]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(reason);
    }
  });

  it('plays in a named store, once; again only when told so, and then with every pod as before', async () => {
    await writePods(fileNamed('pods'), { count: 12, nodes: 2 });
    const play = (...more: string[]) => runLine(['--store', store(), '-o', 'json', 'demo', '--pods', fileNamed('pods'), ...more]);
    const first = numbersOf(await play());
    const again = await play();
    expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'store-in-use', message: expect.stringContaining('--yes') } });
    const second = numbersOf(await play('--yes'));
    expect(second.pools.map(({ inUse }) => inUse)).toEqual(first.pools.map(({ inUse }) => inUse));
  });

  it('does not take a store from the environment', async () => {
    await runLine(['demo', '-o', 'json'], { env: { PLAT_STORE: store() } });
    const { stdout } = await runLine(['get', 'ippools', '-o', 'json'], { env: { PLAT_STORE: store() } });
    expect(JSON.parse(stdout)).toMatchObject({ items: [] });
  });

  it('reports its progress, pod by pod, and takes the line away', async () => {
    await writePods(fileNamed('pods'), { count: 5, nodes: 2 });
    const lines: string[] = [];
    await runLine(['demo', '--pods', fileNamed('pods')], { progress: (text) => lines.push(text) });
    expect(lines).toEqual([...[1, 2, 3, 4, 5].map((placed) => `placing pods: ${placed} of 5`), '']);
  });
});
