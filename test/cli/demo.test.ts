import { execFile, spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment, type Installed, install } from '../support/installed.ts';

let plat: Installed;
beforeAll(async () => {
  plat = await install();
});
afterAll(() => plat.remove());

const ESCAPE = '\x1b';
const hasPty = spawnSync('script', ['--version']).status === 0;

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

/** A list of `count` pods over `nodes` nodes, as kubectl prints it. */
async function podsFile(count: number, nodes: number): Promise<string> {
  const items = Array.from({ length: count }, (_, index) => ({
    metadata: { name: `pod-${index}`, namespace: 'load' },
    spec: { nodeName: `n${index % nodes}` },
    status: { phase: 'Running' },
  }));
  const file = join(await plat.folder(), 'pods.json');
  await writeFile(file, JSON.stringify({ kind: 'List', items }));
  return file;
}

describe('plat demo', () => {
  it('in a pipe tells the whole story in plain text', async () => {
    const { code, stdout, stderr } = await plat.run(['demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).toMatch(/8 nodes placed 2\d\d pods/);
    const [before = '', after = ''] = stdout.split(/^The \d+ pods of .*$/m);
    for (const picture of [before, after]) {
      expect(picture).toMatch(/^ {2}[A-H] 10\.244\.\d+\.\d+\/28 +[A-Ha-h?.~]{16}$/m);
      expect(picture).toMatch(/^ {2}[A-H] fd00:10:244::[0-9a-f:]+\/122 +/m);
      expect(picture).toMatch(/A worker-1 {3}B worker-2/);
      expect(picture).toContain('| IP Pool  | 10.244.0.0/25');
    }
    const cells = (picture: string) => [...picture.matchAll(/10\.244\.\d+\.\d+\/28 +(\S+)$/gm)].map(([, row]) => row).join('');
    expect(cells(before)).toMatch(/[a-h]/);
    expect(cells(before)).not.toContain('~');
    expect(cells(after)).toContain('~');
  });

  it('gives its final numbers as JSON, and they add up', async () => {
    const { code, stdout, stderr } = await plat.run(['demo', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const numbers = JSON.parse(stdout) as DemoNumbers;
    const placed = numbers.pods.placed;
    expect(placed).toBeGreaterThan(200);
    expect(numbers.nodes).toHaveLength(8);
    expect(sum(numbers.nodes.map(({ pods }) => pods))).toBe(placed);
    expect(sum(numbers.nodes.map(({ addresses }) => addresses))).toBe(2 * placed);
    expect(sum(numbers.nodes.map(({ borrowed }) => borrowed))).toBeGreaterThan(0);
    expect(sum(numbers.pools.map(({ inUse }) => inUse))).toBe(2 * placed);
    expect(sum(numbers.pools.flatMap(({ blocks }) => blocks.map(({ inUse }) => inUse)))).toBe(2 * placed);
    const drainedPods = numbers.nodes.find(({ name }) => name === numbers.drained.node)?.pods;
    expect(numbers.drained).toEqual({ node: numbers.drained.node, pods: drainedPods, addressesReleased: 2 * (drainedPods ?? 0) });
    // CD-07: cooling addresses count as in use.
    expect(sum(numbers.poolsAfter.map(({ inUse }) => inUse))).toBe(2 * placed);
  });

  it('leaves nothing behind', async () => {
    const folder = await plat.folder();
    const { code } = await plat.run(['demo', '-o', 'json'], { env: { TMPDIR: folder } });
    expect({ code, left: await readdir(folder) }).toEqual({ code: 0, left: [] });
  });

  it('places the pods of a list of ones own', async () => {
    const { code, stdout } = await plat.run(['demo', '-o', 'json', '--pods', await podsFile(30, 3)]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pods: { placed: 30, skipped: { hostNetwork: 0, finished: 0, pending: 0 } },
      nodes: ['n0', 'n1', 'n2'].map((name) => ({ name, pods: 10, addresses: 20 })),
    });
  });

  it('refuses a list that is none, or that is not there', async () => {
    const folder = await plat.folder();
    await writeFile(join(folder, 'text'), 'NAME READY STATUS');
    expect(await plat.run(['demo', '--pods', join(folder, 'text')])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('kubectl get pods'),
    });
    expect(await plat.run(['demo', '--pods', join(folder, 'none')])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('none'),
    });
  });

  it('plays in a named store, once: a second time only when told so, and then finds everything held', async () => {
    const store = `lmdb:${join(await plat.folder(), 'store')}`;
    const pods = await podsFile(12, 2);
    expect((await plat.run(['--store', store, 'demo', '--pods', pods])).code).toBe(0);
    const again = await plat.run(['--store', store, 'demo', '--pods', pods]);
    expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/IP pools already.*--yes/) });
    const { stdout } = await plat.run(['--store', store, '-o', 'json', 'demo', '--pods', pods, '--yes']);
    expect(JSON.parse(stdout)).toMatchObject({ pods: { placed: 12 } });
  });

  it('does not take a store from the environment', async () => {
    const store = `lmdb:${join(await plat.folder(), 'store')}`;
    await plat.run(['demo', '-o', 'json'], { env: { PLAT_STORE: store } });
    const { stdout } = await plat.run(['get', 'ippools', '-o', 'json'], { env: { PLAT_STORE: store } });
    expect(JSON.parse(stdout)).toMatchObject({ items: [] });
  });

  it('I7 I8 interrupted by Ctrl-C exits with 130 and leaves nothing half done; it can be repeated', async () => {
    const store = `lmdb:${join(await plat.folder(), 'store')}`;
    const pods = await podsFile(3_000, 10);
    const interrupted = await plat.run(['--store', store, 'demo', '--pods', pods], {
      signalOn: (stdout) => (stdout.includes('Pools:') ? 'SIGINT' : undefined),
    });
    expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringMatching(/^plat: interrupted\. [^\n]+\n$/) });
    const map = await plat.run(['--store', store, '-o', 'json', 'ipam', 'show', '--map']);
    const { blocks } = JSON.parse(map.stdout) as { blocks: { addresses: { ip: string; handle: string }[] }[] };
    const held = blocks.flatMap(({ addresses }) => addresses);
    const v4 = held.filter(({ ip }) => ip.includes('.')).map(({ handle }) => handle);
    const v6 = held.filter(({ ip }) => ip.includes(':')).map(({ handle }) => handle);
    expect(v4.sort()).toEqual(v6.sort());
    expect(v4.length).toBeLessThan(3_000);
    const { stdout } = await plat.run(['--store', store, '-o', 'json', 'demo', '--pods', pods, '--yes']);
    expect(JSON.parse(stdout)).toMatchObject({ pods: { placed: 3_000 } });
  });

  it('ends without a word when the reader of its output goes away', async () => {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', '"$0" "$1" demo | head -n 1', process.execPath, plat.program], {
      env: cleanEnvironment(),
    });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });

  it.runIf(hasPty)('paints on a terminal, as wide as it is, unless NO_COLOR is set', async () => {
    const onTerminal = async (env: Record<string, string>) => {
      const line = `stty cols 80; '${process.execPath}' '${plat.program}' demo`;
      const { stdout } = await promisify(execFile)('script', ['-qec', line, '/dev/null'], {
        env: cleanEnvironment({ TERM: 'xterm-256color', ...env }),
      });
      return stdout;
    };
    const painted = await onTerminal({});
    expect(painted).toContain(`${ESCAPE}[30mAAAA`);
    expect(painted).toContain('placing pods: ');
    const plain = await onTerminal({ NO_COLOR: '1' });
    expect(plain).not.toContain(`${ESCAPE}[3`);
    expect(plain).toMatch(/ A{16}\r\n/);
  });
});
