import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd } from '../support/etcd.ts';
import { cleanEnvironment, type Installed, install } from '../support/installed.ts';
import { writePods } from '../support/pods.ts';

/** Each run starts Node, which takes its time on a busy machine. */
const TIMEOUT_MS = 300_000;
const ESCAPE = '\x1b';
const hasPty = spawnSync('script', ['--version']).status === 0;

let plat: Installed;
beforeAll(async () => {
  plat = await install();
}, TIMEOUT_MS);
afterAll(() => plat.remove());

const newStore = async () => `lmdb:${join(await plat.folder(), 'store')}`;

async function etcdStore(): Promise<{ url: string; stop: () => Promise<void> }> {
  const { endpoints, stop } = await startEtcd();
  return { url: `etcd://${endpoints.join(',')}`, stop };
}

describe('the built program', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['LMDB', async () => ({ url: await newStore(), stop: async () => {} })],
    ['etcd', etcdStore],
  ])('serves the same command lines on %s: results on stdout, messages on stderr, exit codes 0, 1 and 2', async (_name, open) => {
    const { url: store, stop } = await open();
    const run = (line: string) => plat.run(['--store', store, ...line.split(' ')]);
    try {
      expect(await run('ipam auto-assign --host a')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('plat create ippool'),
      });
      expect(await run('create ippool p --cidr 10.0.0.0/24')).toMatchObject({ code: 0, stderr: '' });
      const assigned = await run('-o json ipam auto-assign --host a --handle h --num4 2');
      expect(assigned).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(assigned.stdout)).toEqual({
        ips: [expect.any(String), expect.any(String)],
        blocks: [expect.any(String)],
        handle: 'h',
      });
      const shown = await run('-o json ipam show');
      expect(JSON.parse(shown.stdout)).toMatchObject({ pools: [{ name: 'p', total: 256, inUse: 2 }] });
      expect(await run('ipam auto-assign --num4 x')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^plat: /) });
      expect(await run('ipam release --handle h')).toMatchObject({ code: 0, stdout: expect.stringContaining('2 addresses'), stderr: '' });
    } finally {
      await stop();
    }
  });

  it('I1 gives eight processes at once eight different addresses', async () => {
    const store = await newStore();
    await plat.run(['--store', store, 'create', 'ippool', 'p', '--cidr', '10.0.0.0/24', '--block-size', '29']);
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, index) => plat.run(['--store', store, '-o', 'json', 'ipam', 'auto-assign', '--host', `n${index % 2}`])),
    );
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(8).fill({ code: 0, stderr: '' }));
    expect(new Set(runs.flatMap(({ stdout }) => (JSON.parse(stdout) as { ips: string[] }).ips)).size).toBe(8);
  });

  // skip: only Linux has a device that is always full.
  it.runIf(existsSync('/dev/full'))('a full disk behind stdout is one line on stderr, and exit code 1', async () => {
    const store = await newStore();
    await plat.run(['--store', store, 'create', 'ippool', 'p', '--cidr', '10.0.0.0/24']);
    for (const line of ['get ippool -o yaml', 'ipam check', 'dump']) {
      const { status, stderr } = spawnSync(
        'sh',
        ['-c', `"$0" "$1" --store "$2" ${line} > /dev/full`, process.execPath, plat.program, store],
        {
          encoding: 'utf8',
          env: cleanEnvironment(),
        },
      );
      expect({ line, status, stderr }).toEqual({ line, status: 1, stderr: expect.stringMatching(/^plat: [^\n]*disk is full[^\n]*\n$/) });
    }
  });

  it('takes NO_COLOR together with FORCE_COLOR without a word', async () => {
    const store = await newStore();
    await plat.run(['--store', store, 'create', 'node', 'n']);
    const { code, stdout, stderr } = await plat.run(['--store', store, 'describe', 'node', 'n'], {
      env: { NO_COLOR: '1', FORCE_COLOR: '1' },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain(ESCAPE);
  });

  it('logs as JSON lines on stderr when PLAT_LOG says so, and leaves stdout to results', async () => {
    const store = await newStore();
    await plat.run(['--store', store, 'create', 'ippool', 'p', '--cidr', '10.0.0.0/24']);
    const { code, stdout, stderr } = await plat.run(['--store', store, '-o', 'json', 'ipam', 'auto-assign'], {
      env: { PLAT_LOG: 'debug' },
    });
    expect({ code, printed: JSON.parse(stdout) }).toMatchObject({ code: 0, printed: { ips: { length: 1 } } });
    const events = stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object);
    expect(events).toContainEqual(expect.objectContaining({ event: 'store-opened', store }));
  });
});

describe('the built demo', { timeout: TIMEOUT_MS }, () => {
  it('in a pipe is plain text, and leaves nothing behind', async () => {
    const folder = await plat.folder();
    const { code, stdout, stderr } = await plat.run(['demo'], { env: { TMPDIR: folder } });
    expect({ code, stderr, left: await readdir(folder) }).toEqual({ code: 0, stderr: '', left: [] });
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).toMatch(/^ {2}A 10\.244\.\d+\.\d+\/28 +A/m);
  });

  it('I7 I8 interrupted by Ctrl-C exits with 130 and leaves nothing half done; it can be repeated', async () => {
    const store = await newStore();
    const pods = join(await plat.folder(), 'pods.json');
    await writePods(pods, { count: 800, nodes: 10 });
    const interrupted = await plat.run(['--store', store, 'demo', '--pods', pods], {
      signalOn: (stdout) => (stdout.includes('Pools:') ? 'SIGINT' : undefined),
    });
    expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringMatching(/^plat: interrupted\. [^\n]+\n$/) });
    const map = await plat.run(['--store', store, '-o', 'json', 'ipam', 'show', '--map']);
    const { blocks } = JSON.parse(map.stdout) as { blocks: { addresses: { ip: string; handle: string }[] }[] };
    const held = blocks.flatMap(({ addresses }) => addresses);
    const holders = (mark: string) => held.filter(({ ip }) => ip.includes(mark)).map(({ handle }) => handle);
    expect(holders('.').sort()).toEqual(holders(':').sort());
    expect(held.length).toBeLessThan(2 * 800);
    const { stdout } = await plat.run(['--store', store, '-o', 'json', 'demo', '--pods', pods, '--yes']);
    expect(JSON.parse(stdout)).toMatchObject({ pods: { placed: 800 } });
  });

  it('ends without a word when the reader of its output goes away', async () => {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', '"$0" "$1" demo | head -n 1', process.execPath, plat.program], {
      env: cleanEnvironment(),
    });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });

  // skip: without `script` (util-linux) there is no terminal to paint on.
  it.runIf(hasPty)('paints on a terminal, as wide as it is, unless NO_COLOR is set', async () => {
    const onTerminal = async (env: Readonly<Record<string, string>>) => {
      const line = `stty cols 80; '${process.execPath}' '${plat.program}' demo`;
      const options = { env: cleanEnvironment({ TERM: 'xterm-256color', ...env }) };
      return (await promisify(execFile)('script', ['-qec', line, '/dev/null'], options)).stdout;
    };
    const painted = await onTerminal({});
    expect(painted).toContain(`${ESCAPE}[30mAAAA`);
    expect(painted).toContain('placing pods: ');
    const plain = await onTerminal({ NO_COLOR: '1' });
    expect(plain).not.toContain(`${ESCAPE}[3`);
    expect(plain).toMatch(/ A{16}\r\n/);
  });
});
