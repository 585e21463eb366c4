import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { CLUSTER_INFORMATION, keyOf } from '../../../src/store/keys.ts';
import { type Answer, serveLists, TOKEN } from '../../support/kubernetes-lists.ts';
import { bytes } from '../../support/store.ts';
import { etcdStage, lmdbStage, runLine, type Stage, useSession } from '../session.ts';

const POOL = 'create ippool pods --cidr 10.0.0.0/24';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'plat-upkeep-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function put(url: string, entries: Readonly<Record<string, string>>): Promise<void> {
  const store = await openStore(url);
  const writes = Object.entries(entries).map(([key, value]) => ({ key, value: bytes(value) }));
  await store.commit({ guards: [], writes, deletes: [] });
  await store.close();
}

/** Some pod, and none of the test's; each with another version is another list. */
function podList(version: number, ...pods: readonly object[]): string {
  const other = { metadata: { namespace: 'default', name: 'other' } };
  return JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: `${version}` }, items: [other, ...pods] });
}

const leakedHandle = (id: string) => ({ [keyOf({ kind: 'handle', id })]: '{"block":{"10.0.0.0/26":1},"deleted":false}' });

const STAGES: readonly (readonly [name: string, open: () => Promise<Stage>])[] = [
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
];

describe.each(STAGES)('check, release --from-report and repair on %s', (_name, openStage) => {
  const session = useSession(openStage);

  /** The scenario of calicoctl's own test: one address that nobody uses, one handle that holds nothing. */
  async function leaky(): Promise<{ pods: string; report: string }> {
    await session.ok(POOL);
    await session.ok(
      'ipam auto-assign --host worker-1 --handle TestIPAMCleanup --attr pod=gone --attr namespace=default --attr node=worker-1',
    );
    await put(session.store(), leakedHandle('leaked-handle'));
    const at = await folder();
    const pods = join(at, 'pods.json');
    await writeFile(pods, podList(1));
    return { pods, report: join(at, 'report.json') };
  }

  it('a report is released once, and what came anew is left alone', async () => {
    const { pods, report } = await leaky();
    const checked = await session.ok(`ipam check --in-use-from ${pods} --evidence-is-complete -o ${report}`);
    expect(checked).toContain('Found 1 IPs that are allocated in IPAM but not actually in use.');
    expect(checked).toContain('Found 1 handles with no matching IPs (and 1 handles with matches).');
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ leakedHandles: [{ ID: 'leaked-handle', UID: null }] });

    expect(await session.refused(`ipam release --from-report ${report} --max-share 100`)).toContain('add --yes');
    expect(await session.ok(`ipam release --from-report ${report} --dry-run --max-share 100`)).toBe(
      'Would release 1 IPs\nWould delete 1 handles; 0 are gone or have changed\n',
    );
    const released = await session.ok(`ipam release --from-report ${report} --force`);
    expect(released).toContain('Released 1 IPs successfully');
    expect(released).toContain('Released 1 handles; 0 skipped; 0 errors.');
    expect(await session.json('ipam check')).toMatchObject({ problems: 0 });

    await put(session.store(), leakedHandle('leaked-handle'));
    const again = await session.ok(`ipam release --from-report ${report} --force`);
    expect(again).not.toContain('IPs successfully');
    expect(again).toContain('1 addresses marked as leaked in the report had already been cleaned up.');
    expect(again).toContain('Released 0 handles; 1 skipped; 0 errors.');
    expect(await session.ok('ipam release --handle leaked-handle')).toContain("handle 'leaked-handle' released");
    expect(await session.ok(`ipam release --from-report ${report} --force`)).toContain('Released 0 handles; 1 skipped; 0 errors.');
  });

  it('an address that was assigned anew since the report keeps its holder', async () => {
    const { pods, report } = await leaky();
    await session.ok(`ipam check --in-use-from ${pods} --evidence-is-complete -o ${report}`);
    const { ip } = firstOf(JSON.parse(await readFile(report, 'utf8')) as Reported);
    await session.ok(`ipam release --ip ${ip}`);
    await session.ok(`ipam assign --ip ${ip} --host worker-1 --handle TestIPAMCleanup`);
    expect(await session.ok(`ipam release --from-report ${report} --force`)).not.toContain('IPs successfully');
    expect(await session.ok(`ipam show --ip ${ip}`)).toContain('is in use');
  });

  it('a report of another cluster, and what is no report, are refused', async () => {
    const { report } = await leaky();
    await writeFile(report, '{"clusterGUID":"f67ad0f716a84ed483be6eb68b4bf2f3","allocations":{}}');
    expect(await session.refused(`ipam release --from-report ${report} --force`)).toContain('mismatched cluster GUID');
    await writeFile(report, '{"allocations":');
    expect(await session.refused(`ipam release --from-report ${report} --force`)).toContain('is no report');
    expect(await session.refused('ipam release --from-report /nowhere/report.json --force')).toContain('ENOENT');
  });

  it('repair says what it would do, asks, does it, and has nothing to do then', async () => {
    await leaky();
    expect(await session.ok('ipam repair --dry-run')).toContain(
      'would mend  handle-leaked: Handle leaked-handle counts 1 in 10.0.0.0/26, and holds no address.',
    );
    expect(await session.refused('ipam repair')).toContain('1 finding can be mended: 1 handle-leaked.');
    expect(await session.json('ipam repair --yes')).toMatchObject({ repaired: 1, changed: 0, refused: 0 });
    expect(await session.ok('ipam repair --yes')).toBe('Nothing to repair.\n');
  });

  it('an interrupted repair tells what it has mended, and the same again goes on', async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => `leaked-${String(index).padStart(4, '0')}`);
    const handles = ids.flatMap((id) => Object.entries(leakedHandle(id)));
    for (let at = 0; at < handles.length; at += 100) await put(session.store(), Object.fromEntries(handles.slice(at, at + 100)));
    const interrupt = new AbortController();
    const repairing = runLine(['--store', session.store(), 'ipam', 'repair', '--yes', '-o', 'json'], { signal: interrupt.signal });
    const store = await openStore(session.store());
    // Of a later commit: the first has been told of by then.
    const later = keyOf({ kind: 'handle', id: 'leaked-0500' });
    await expect.poll(async () => (await store.read({ keys: [later] })).entries.size, { interval: 1, timeout: 30_000 }).toBe(0);
    interrupt.abort();
    await store.close();
    const { code, stdout, stderr } = await repairing;
    const { repaired, items, isIncomplete } = JSON.parse(stdout) as { repaired: number; items: unknown[]; isIncomplete: boolean };
    expect({ code, isIncomplete, items: items.length }).toEqual({ code: 130, isIncomplete: true, items: repaired });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'aborted', details: { repaired } } });
    expect(repaired).toBeGreaterThan(0);
    expect(repaired).toBeLessThan(2_000);
    expect(await session.json('ipam repair --yes')).toMatchObject({ changed: 0, refused: 0 });
    expect(await session.json('ipam check')).toMatchObject({ problems: 0 });
  });

  it('a report that cannot be written is refused, and keeps the old one', async () => {
    const { report } = await leaky();
    await session.ok(`ipam check -o ${report}`);
    const before = await readFile(report, 'utf8');
    expect(await session.refused('ipam check -o /nonexistent/x')).toContain('no such file or folder');
    expect(await session.refused(`ipam check -o ${tmpdir()}`)).toContain('name a file');
    await mkdir(`${report}.part`);
    expect(await session.refused(`ipam check -o ${report}`)).toContain(report);
    expect(await readFile(report, 'utf8')).toBe(before);
  });

  it('check exits with 1 for problems only when asked to, and names the way out', async () => {
    await leaky();
    expect(await session.run('ipam check')).toMatchObject({ code: 0 });
    const { code, stderr } = await session.run('ipam check --exit-code');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('plat ipam repair --dry-run') });
  });
});

interface Reported {
  readonly allocations: Readonly<Record<string, readonly { readonly ip: string }[]>>;
}

function firstOf({ allocations }: Reported): { readonly ip: string } {
  const [entry] = Object.values(allocations).flat();
  if (!entry) throw new Error('the report has no allocation');
  return entry;
}

describe('repair', () => {
  const session = useSession();

  it('takes only the kinds that are named', async () => {
    await session.ok(POOL);
    await put(session.store(), { ...leakedHandle('leaked'), '/calico/ipam/v2/host/long-gone': '{}' });
    expect(await session.json('ipam repair --kind host-marker --yes')).toMatchObject({ repaired: 1, items: [{ kind: 'host-marker' }] });
    expect(await session.json('ipam check')).toMatchObject({ findings: [{ kind: 'handle-leaked' }] });
    const { code, stderr } = await session.run('ipam repair --kind handles');
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("no finding of kind 'handles'") });
  });
});

describe('gc', () => {
  const session = useSession();

  /** An address of a pod that is gone, beside one of a pod that lives. */
  async function cluster(): Promise<{ pods: string; seen: string; line: string; list: (version: number) => Promise<void> }> {
    await session.ok(POOL);
    const of = (pod: string) => `--attr pod=${pod} --attr namespace=default --attr node=worker-1`;
    const { ips } = await session.json(`ipam auto-assign --host worker-1 --handle net.lives ${of('lives')}`);
    await session.ok(`ipam auto-assign --host worker-1 --handle net.gone ${of('gone')}`);
    const at = await folder();
    const [pods, seen] = [join(at, 'pods.json'), join(at, 'gc.json')];
    const lives = { metadata: { namespace: 'default', name: 'lives' }, status: { podIP: ips[0] } };
    const list = (version: number) => writeFile(pods, podList(version, lives));
    await list(1);
    return { pods, seen, list, line: `ipam gc --in-use-from ${pods} --evidence-is-complete --observation ${seen} --grace 1m` };
  }

  interface Remembered {
    readonly since: Readonly<Record<string, number>>;
    readonly lists: readonly { readonly takenAtMs: number }[];
  }

  /** As if the runs that wrote the observation were so much earlier. */
  async function earlier(seen: string, seconds: number): Promise<void> {
    const { since, lists, ...rest } = JSON.parse(await readFile(seen, 'utf8')) as Remembered;
    const ms = seconds * 1_000;
    const aged = {
      since: Object.fromEntries(Object.entries(since).map(([id, at]) => [id, at - ms])),
      lists: lists.map((list) => ({ ...list, takenAtMs: list.takenAtMs - ms })),
    };
    await writeFile(seen, JSON.stringify({ ...rest, ...aged }));
  }

  const stillHeld = async () => ((await session.json('ipam check')) as unknown as { counts: { addresses: number } }).counts.addresses;

  it('two runs with an observation and new evidence release what both found', async () => {
    const { seen, line, list } = await cluster();
    expect(await session.ok(`${line} --yes`)).toContain('1 address seen once or too shortly');
    await list(2);
    expect(await session.ok(`${line} --yes`)).toContain('Released 0 addresses');
    await earlier(seen, 61);
    await list(3);
    expect(await session.ok(`${line} --dry-run`)).toContain('10.0.0.');
    expect(await session.ok(`${line} --yes`)).toContain('Released 1 address,');
    expect(await session.json('ipam check')).toMatchObject({ problems: 0, counts: { addresses: 1, handles: 1 } });
  });

  it('the first run needs no --yes, and the second asks first: it may be answered later with the same list', async () => {
    const { seen, line, list } = await cluster();
    expect(await session.ok(line)).toContain('1 address seen once or too shortly');
    await earlier(seen, 61);
    await list(2);
    const asked = await session.refused(line);
    expect(asked).toContain('1 address would be released, 0 blocks given up when empty, 0 leftovers mended.');
    expect(asked).toContain(`What was seen is kept in ${seen}.`);
    expect(await session.ok(`${line} --yes`)).toContain('Released 1 address,');
  });

  it('what was seen is kept before anything is asked or refused, and not by a dry run', async () => {
    const { seen, line } = await cluster();
    await put(session.store(), leakedHandle('leftover'));
    await session.ok(`${line} --dry-run`);
    await expect(readFile(seen)).rejects.toThrow('ENOENT');
    expect(await session.refused(line)).toContain('1 leftover mended');
    expect(Object.keys((JSON.parse(await readFile(seen, 'utf8')) as Remembered).since)).toHaveLength(1);
  });

  it('the same list, a copy of it under another name and date, and an older list are no second look', async () => {
    const { pods, seen, line, list } = await cluster();
    await list(7);
    await session.ok(`${line} --yes`);
    await earlier(seen, 61);
    expect(await session.refused(`${line} --yes`)).toContain('pods.json was looked at before');
    const copy = `${pods}.copy`;
    await writeFile(copy, await readFile(pods));
    expect(await session.refused(line.replace(pods, copy))).toContain('pods.json.copy was looked at before');
    await writeFile(pods, `${await readFile(copy, 'utf8')}\n`);
    expect(await session.refused(`${line} --yes`)).toContain('was looked at before');
    await list(6);
    expect(await session.refused(`${line} --yes`)).toContain('was looked at before');
    expect(await stillHeld()).toBe(2);
    await list(8);
    expect(await session.ok(`${line} --yes`)).toContain('Released 1 address,');
  });

  it('a file that was written before the first look confirms nothing', async () => {
    const { pods, seen, line, list } = await cluster();
    await session.ok(`${line} --yes`);
    await earlier(seen, 61);
    await list(2);
    const anHourAgo = Date.now() / 1_000 - 3_600;
    await utimes(pods, anHourAgo, anHourAgo);
    expect(await session.ok(`${line} --yes`)).toContain('1 address seen once or too shortly');
    expect(await stillHeld()).toBe(2);
  });

  it.each([[''], [' --dry-run'], [' --watch']])('files alone prove nobody dead unless they are said to name everybody:%s', async (more) => {
    const { line, seen } = await cluster();
    const { code, stderr } = await session.run(
      `${line.replace(' --evidence-is-complete', '').replace(` --observation ${seen}`, '')} --yes${more}`,
    );
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/kubectl get --raw .* add --evidence-is-complete/) });
    expect(await stillHeld()).toBe(2);
  });

  it('check calls nobody leaked by such files, and says what would', async () => {
    const { pods } = await cluster();
    const checked = await session.ok(`ipam check --in-use-from ${pods}`);
    expect(checked).toContain('Found 0 IPs that are allocated in IPAM but not actually in use.\n1 more are shown in use by no list');
    expect(checked).toContain('--evidence-is-complete');
    expect(await session.json(`ipam check --in-use-from ${pods} --evidence-is-complete`)).toMatchObject({ leaked: { length: 1 } });
    const { code, stderr } = await session.run('ipam check --evidence-is-complete');
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('belongs to --in-use-from') });
  });

  it.each([
    ['a cut-off inventory', '{"kind":"List","items":[', 'may be cut off'],
    ['one page of the pods', '{"items":[],"metadata":{"continue":"x"}}', 'one page of a longer list'],
    ['an empty list, as of a runtime without pods', '{"items":[]}', 'it is empty'],
    ['an answer that is an error', '{"kind":"Status","status":"Failure"}', 'is no list of pods'],
  ])('%s releases nothing', async (_what, text, message) => {
    const { pods, line } = await cluster();
    await writeFile(pods, text);
    expect(await session.refused(`${line} --yes`)).toContain(message);
  });

  it.each([['"since":{"x":"y"},"lists":[]'], ['"since":{},"lists":[{"sha256":1}]'], ['"since":{}']])(
    'a damaged observation is refused, not begun anew unasked: %s',
    async (members) => {
      const { seen, line } = await cluster();
      await writeFile(seen, `{"kind":"Observation","version":1,${members}}`);
      expect(await session.refused(`${line} --yes`)).toContain('Delete it to begin anew');
    },
  );

  it('an observation that cannot be written is told before anything is collected', async () => {
    const { seen, line } = await cluster();
    expect(await session.refused(`${line.replace(seen, '/nowhere/gc.json')} --yes`)).toContain(
      'cannot be written to /nowhere/gc.json (ENOENT)',
    );
  });

  it('the list of a runtime needs to know its node', async () => {
    const { pods, line } = await cluster();
    await writeFile(pods, '{"items":[{"id":"abc","state":"SANDBOX_READY"}]}');
    const { code, stderr } = await session.run(`${line} --yes`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--host NODE') });
  });
});

describe('evidence of a Kubernetes API server', () => {
  const session = useSession();

  const pod = (name: string, ip: string) => ({
    metadata: { namespace: 'default', name },
    spec: { nodeName: 'worker-1' },
    status: { podIP: ip },
  });
  const node = { metadata: { name: 'worker-1' } };

  /** Addresses of a, b and a pod that is gone. */
  async function cluster(): Promise<readonly string[]> {
    await session.ok(POOL);
    const ips: string[] = [];
    for (const name of ['a', 'b', 'gone']) {
      const attrs = `--attr pod=${name} --attr namespace=default --attr node=worker-1`;
      ips.push(...(await session.json(`ipam auto-assign --host worker-1 --handle net.${name} ${attrs}`)).ips);
    }
    return ips;
  }

  it('pages are read to the end, with the token; two looks, the grace period apart, release what is gone', async () => {
    const [a = '', b = ''] = await cluster();
    const config = await serveLists((url, authorization) => {
      if (authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { message: 'who?' } };
      if (url.startsWith('/api/v1/nodes')) return { status: 200, body: { items: [node], metadata: {} } };
      if (url.includes('continue=next')) return { status: 200, body: { items: [pod('b', b)], metadata: {} } };
      return { status: 200, body: { items: [pod('a', a)], metadata: { continue: 'next' } } };
    });
    expect(await session.json(`ipam check --kubeconfig ${config}`)).toMatchObject({ addresses: { used: 2, leaked: 1 } });
    expect(await session.ok(`ipam gc --kubeconfig ${config} --grace 1ms --yes`)).toContain('Released 1 address,');
    expect(await session.json(`ipam check --kubeconfig ${config}`)).toMatchObject({ addresses: { used: 2, leaked: 0 } });
  });

  /** Knows none of the pods. */
  const nobody = (url: string) => ({ status: 200, body: { items: url.startsWith('/api/v1/nodes') ? [node] : [], metadata: {} } });

  it('a file beside the server protects whom it names, however old it is', async () => {
    const [a] = await cluster();
    const file = join(await folder(), 'kept.txt');
    await writeFile(file, `${a}\nnet.b\n`);
    await utimes(file, 1, 1);
    const line = `ipam gc --kubeconfig ${await serveLists(nobody)} --in-use-from ${file} --grace 1ms --yes`;
    expect(await session.ok(line)).toContain('Released 1 address,');
    expect(await session.json(`ipam show --ip ${a}`)).toMatchObject({ attributes: { active: { pod: 'a' } } });
    expect(await session.json('ipam check')).toMatchObject({ counts: { addresses: 2 } });
  });

  it('a file beside the server that vouches for absence needs two runs, and standard input is no file', async () => {
    await cluster();
    const config = await serveLists(nobody);
    const file = join(await folder(), 'all.txt');
    await writeFile(file, 'net.other\n');
    const once = await session.ok(`ipam gc --kubeconfig ${config} --in-use-from ${file} --evidence-is-complete --grace 1ms --yes`);
    expect(once).toContain('3 addresses seen once or too shortly');
    for (const more of ['', ' --watch']) {
      const { code, stderr } = await session.run(`ipam gc --kubeconfig ${config} --in-use-from - --yes${more}`);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('can be read only once') });
    }
  });

  it.each<[string, (url: string) => Answer, string]>([
    [
      'an error in the middle of a list',
      (url) =>
        url.includes('continue')
          ? { status: 500, body: { message: 'etcd is gone' } }
          : { status: 200, body: { items: [], metadata: { continue: 'x' } } },
      'answered 500: etcd is gone',
    ],
    ['a refusal', () => ({ status: 403, body: { message: 'pods is forbidden' } }), 'needs to list nodes and pods'],
    ['an answer that is no list', () => ({ status: 200, body: { kind: 'Status' } }), 'is no list'],
    [
      'a place in the list that is always forgotten',
      (url) => (url.includes('continue') ? { status: 410, body: {} } : { status: 200, body: { items: [], metadata: { continue: 'x' } } }),
      'changed faster than it could be read',
    ],
  ])('%s: nothing is judged by half a list, and no secret is shown', async (_what, answer, message) => {
    await cluster();
    const config = await serveLists(answer);
    const stderr = await session.refused(`ipam gc --kubeconfig ${config} --grace 1ms --yes`);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(TOKEN);
    expect(await session.json('ipam check')).toMatchObject({ counts: { addresses: 3 } });
  });

  it.each([
    ['a login program', 'users: [{name: u, user: {exec: {command: aws}}}]', 'plat does not run'],
    ['no such context', 'users: []\ncurrent-context: y', "no context named 'y'"],
    ['no YAML', 'users: [', 'not YAML'],
  ])('a kubeconfig with %s is refused', async (_what, more, message) => {
    await session.ok(POOL);
    const path = join(await folder(), 'kubeconfig');
    const text = `clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n`;
    await writeFile(path, text + (more.includes('current-context') ? more : `${more}\ncurrent-context: x\n`));
    expect(await session.refused(`ipam check --kubeconfig ${path}`)).toContain(message);
  });
});

describe('node', () => {
  const session = useSession();

  it('remove shows what it would take, asks, and takes it', async () => {
    await session.ok(POOL);
    await session.ok('ipam auto-assign --host worker-9 --handle h --attr node=worker-9');
    expect(await session.ok('node remove worker-9 --dry-run')).toMatch(
      /^node worker-9 has a record, owns 1 block and holds 1 address\n {2}block 10\.0\.0\.\d+\/26: 1 address in use\n {2}10\.0\.0\.\d+ \(handle h\)\nNothing was done/,
    );
    expect(await session.refused('node remove worker-9')).toContain('Node worker-9 holds 1 address and owns 1 block.');
    const asked: string[] = [];
    const confirm = async (question: string) => {
      asked.push(question);
      return true;
    };
    const { stdout } = await runLine(['--store', session.store(), 'node', 'remove', 'worker-9'], { confirm });
    expect(asked).toEqual([expect.stringContaining('Is it gone for good?')]);
    expect(stdout).toBe('node worker-9 removed: released 1 address, gave up 1 block\n');
    expect(await session.refused('node remove worker-9 --yes')).toContain('nothing of a node worker-9');
    expect(await session.json('ipam check')).toMatchObject({ counts: { nodes: 0, blocks: 0, addresses: 0, handles: 0 } });
  });

  it('remove names the addresses of others that stay', async () => {
    await session.ok(POOL);
    await session.ok('ipam assign --ip 10.0.0.1 --host worker-9 --handle mine --attr node=worker-9');
    for (const last of [2, 3, 4, 5, 6, 7])
      await session.ok(`ipam assign --ip 10.0.0.${last} --host worker-1 --handle h${last} --attr node=worker-1`);
    expect(await session.ok('node remove worker-9 --dry-run')).toContain('\n  10.0.0.2 (handle h2): not its own, of node worker-1\n');
    expect(await session.refused('node remove worker-9')).toContain('6 addresses of others stay: 10.0.0.2 (node worker-1), ');
    expect(await session.json('node remove worker-9 --yes')).toMatchObject({
      released: ['10.0.0.1'],
      survey: { others: { length: 6, 5: { ip: '10.0.0.7', handle: 'h7', heldBy: 'node worker-1' } } },
    });
  });

  it('remove tells in its last line how many addresses of others there are, and the first of them', async () => {
    await session.ok(POOL);
    await session.ok('ipam assign --ip 10.0.0.1 --host worker-9 --handle mine --attr node=worker-9');
    await session.ok('ipam assign --ip 10.0.0.2 --host worker-1 --handle guest --attr node=worker-1');
    expect(await session.ok('node remove worker-9 --yes')).toBe(
      'node worker-9 removed: released 1 address, gave up 1 block; 1 address of others stays: 10.0.0.2 (node worker-1)\n',
    );
  });

  it('GC-14: while the datastore is locked remove, drain, repair, draining a pool and load are refused, and calicoctl’s go on', async () => {
    await session.ok(POOL);
    await session.ok('ipam auto-assign --host worker-9 --handle h --num4 65');
    await session.ok('ipam release --handle h');
    await session.ok('ipam auto-assign --host worker-9 --handle stays');
    const at = await folder();
    const [report, dump] = [join(at, 'report.json'), join(at, 'dump')];
    await session.ok('dump', dump);
    await put(session.store(), { ...leakedHandle('leaked'), [CLUSTER_INFORMATION]: '{"spec":{"datastoreReady":false}}' });
    for (const line of [
      'node remove worker-9 --yes',
      'node drain worker-9 --yes',
      'ipam repair --yes',
      'delete ippool pods --drain --yes',
      `load ${dump} --merge`,
      `load ${dump} --replace --yes`,
    ])
      expect(await session.refused(line)).toMatch(/the datastore is locked .*calicoctl datastore migrate unlock/);
    const { stderr } = await session.run('-o json node drain worker-9 --yes');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'datastore-locked' } });
    const line = ['--store', session.store(), 'node', 'remove', 'worker-9'];
    expect(await runLine(line, { confirm: () => Promise.reject(new Error('nobody is asked')) })).toMatchObject({ code: 1, stdout: '' });
    expect(await session.ok('ipam repair --dry-run')).toContain('would mend');
    expect(await session.json('get ippool pods')).toMatchObject({ spec: { disabled: false } });
    await session.ok(`ipam check -o ${report}`);
    expect(await session.ok(`ipam release --from-report ${report} --force`)).toContain('Released 1 handles; 0 skipped; 0 errors.');
    await session.ok('ipam split 2 --name pods');
    await session.ok('delete node worker-9 --yes');
  });

  it('drain gives up what is empty and tells what is left', async () => {
    await session.ok(POOL);
    await session.ok('ipam auto-assign --host worker-9 --handle h --num4 65');
    await session.ok('ipam release --handle h');
    await session.ok('ipam auto-assign --host worker-9 --handle stays');
    expect(await session.json('node drain worker-9 --dry-run')).toMatchObject({
      dryRun: true,
      givenUp: [],
      left: { blocks: { length: 2 } },
    });
    expect(await session.refused('node drain worker-9')).toContain('1 empty block of node worker-9');
    expect(await session.json('node drain worker-9 --yes')).toMatchObject({
      givenUp: { length: 1 },
      left: { blocks: { length: 1 }, addresses: { length: 1 } },
    });
    expect(await session.ok('node drain worker-9 --yes')).toContain('gave up 0 blocks of node worker-9');
  });
});
