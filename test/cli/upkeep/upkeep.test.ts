import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { keyOf } from '../../../src/store/keys.ts';
import { listen } from '../../support/listen.ts';
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
    await writeFile(pods, '{"kind":"PodList","items":[]}');
    return { pods, report: join(at, 'report.json') };
  }

  it('a report is released once, and what came anew is left alone', async () => {
    const { pods, report } = await leaky();
    const checked = await session.ok(`ipam check --in-use-from ${pods} -o ${report}`);
    expect(checked).toContain('Found 1 IPs that are allocated in IPAM but not actually in use.');
    expect(checked).toContain('Found 1 handles with no matching IPs (and 1 handles with matches).');
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ leakedHandles: [{ ID: 'leaked-handle', UID: null }] });

    expect(await session.refused(`ipam release --from-report ${report}`)).toContain('add --yes');
    expect(await session.ok(`ipam release --from-report ${report} --dry-run`)).toBe(
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
    await session.ok(`ipam check --in-use-from ${pods} -o ${report}`);
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
  const gone = '--attr pod=gone --attr namespace=default --attr node=worker-1';

  async function cluster(): Promise<{ pods: string; seen: string }> {
    await session.ok(POOL);
    await session.ok(`ipam auto-assign --host worker-1 --handle net.gone ${gone}`);
    const at = await folder();
    const pods = join(at, 'pods.json');
    await writeFile(pods, '{"kind":"List","items":[]}');
    return { pods, seen: join(at, 'gc.json') };
  }

  /** As if the run that wrote the observation was so much earlier. */
  async function earlier(seen: string, seconds: number): Promise<void> {
    const observation = JSON.parse(await readFile(seen, 'utf8')) as { since: Record<string, number> };
    const since = Object.fromEntries(Object.entries(observation.since).map(([id, ms]) => [id, ms - seconds * 1_000]));
    await writeFile(seen, JSON.stringify({ ...observation, since }));
  }

  it('two runs with an observation and new evidence release what both found', async () => {
    const { pods, seen } = await cluster();
    const line = `ipam gc --in-use-from ${pods} --observation ${seen} --grace 1m --yes`;
    expect(await session.ok(line)).toContain('1 address seen once or too shortly');
    expect(await session.ok(line)).toContain('Released 0 addresses');
    await earlier(seen, 61);
    expect(await session.ok(`${line} --dry-run`)).toContain('10.0.0.');
    expect(await session.ok(line)).toContain('Released 1 address,');
    expect(await session.json('ipam check')).toMatchObject({ problems: 0, counts: { addresses: 0, handles: 0 } });
  });

  it('asks first', async () => {
    const { pods, seen } = await cluster();
    const line = `ipam gc --in-use-from ${pods} --observation ${seen} --grace 1m`;
    await session.ok(`${line} --yes`);
    await earlier(seen, 61);
    expect(await session.refused(line)).toContain('1 address would be released, 0 blocks given up when empty, 0 leftovers mended.');
  });

  it.each([
    ['a cut-off inventory', '{"kind":"List","items":[', 'may be cut off'],
    ['one page of the pods', '{"items":[],"metadata":{"continue":"x"}}', 'one page of a longer list'],
    ['an answer that is an error', '{"kind":"Status","status":"Failure"}', 'is no list of pods'],
  ])('%s releases nothing', async (_what, text, message) => {
    const { pods, seen } = await cluster();
    await writeFile(pods, text);
    expect(await session.refused(`ipam gc --in-use-from ${pods} --observation ${seen} --yes`)).toContain(message);
  });

  it('a damaged observation is refused, not begun anew unasked', async () => {
    const { pods, seen } = await cluster();
    await writeFile(seen, '{"kind":"Observation","version":1,"since":{"x":"y"}}');
    expect(await session.refused(`ipam gc --in-use-from ${pods} --observation ${seen} --yes`)).toContain('Delete it to begin anew');
  });

  it('the list of a runtime needs to know its node', async () => {
    const { pods, seen } = await cluster();
    await writeFile(pods, '{"items":[{"id":"abc","state":"SANDBOX_READY"}]}');
    const { code, stderr } = await session.run(`ipam gc --in-use-from ${pods} --observation ${seen} --yes`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--host NODE') });
  });
});

describe('evidence of a Kubernetes API server', () => {
  const session = useSession();

  interface Answer {
    readonly status: number;
    readonly body: object;
  }

  /** A server that answers lists page by page; `answers` by path and query. */
  async function kubeconfig(answer: (url: string, authorization: string | undefined) => Answer): Promise<string> {
    const server = createServer((request, response) => {
      const { status, body } = answer(request.url ?? '', request.headers.authorization);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const address = await listen(server);
    onTestFinished(() => void server.close());
    const path = join(await folder(), 'kubeconfig');
    const config = `apiVersion: v1
clusters: [{name: c, cluster: {server: "http://${address}"}}]
users: [{name: u, user: {token: secret-token}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`;
    await writeFile(path, config);
    return path;
  }

  const pod = (name: string, ip: string) => ({
    metadata: { namespace: 'default', name },
    spec: { nodeName: 'worker-1' },
    status: { podIP: ip },
  });
  const node = { metadata: { name: 'worker-1' } };

  async function cluster(): Promise<void> {
    await session.ok(POOL);
    for (const name of ['a', 'b', 'gone']) {
      await session.ok(
        `ipam auto-assign --host worker-1 --handle net.${name} --attr pod=${name} --attr namespace=default --attr node=worker-1`,
      );
    }
  }

  it('pages are read to the end, with the token; two looks, the grace period apart, release what is gone', async () => {
    await cluster();
    const [a, b] = (
      (await session.json('ipam check --in-use-from test/fixtures/empty-pods.json')) as unknown as { leaked: { ip: string }[] }
    ).leaked;
    const config = await kubeconfig((url, authorization) => {
      if (authorization !== 'Bearer secret-token') return { status: 401, body: { message: 'who?' } };
      if (url.startsWith('/api/v1/nodes')) return { status: 200, body: { items: [node], metadata: {} } };
      if (url.includes('continue=next')) return { status: 200, body: { items: [pod('b', b?.ip ?? '')], metadata: {} } };
      return { status: 200, body: { items: [pod('a', a?.ip ?? '')], metadata: { continue: 'next' } } };
    });
    expect(await session.json(`ipam check --kubeconfig ${config}`)).toMatchObject({ addresses: { used: 2, leaked: 1 } });
    expect(await session.ok(`ipam gc --kubeconfig ${config} --grace 1ms --yes`)).toContain('Released 1 address,');
    expect(await session.json(`ipam check --kubeconfig ${config}`)).toMatchObject({ addresses: { used: 2, leaked: 0 } });
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
    const config = await kubeconfig(answer);
    const stderr = await session.refused(`ipam gc --kubeconfig ${config} --grace 1ms --yes`);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret-token');
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
