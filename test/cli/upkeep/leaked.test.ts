/** What check calls leaked and release takes: never the address of somebody who lives. */
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { CLUSTER_INFORMATION } from '../../../src/store/keys.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { serveLists } from '../../support/kubernetes-lists.ts';
import { bytes } from '../../support/store.ts';
import { runLine, useSession } from '../session.ts';

const session = useSession();

interface Report {
  readonly allocations: Readonly<Record<string, readonly { readonly handle: string; readonly inUse: boolean }[]>>;
}

async function reportOf(path: string): Promise<Readonly<Record<string, boolean>>> {
  const { allocations } = JSON.parse(await readFile(path, 'utf8')) as Report;
  return Object.fromEntries(
    Object.values(allocations)
      .flat()
      .map(({ handle, inUse }) => [handle, inUse]),
  );
}

async function assign(pod: string, ...more: string[]): Promise<readonly string[]> {
  const attrs = `--attr pod=${pod} --attr namespace=default --attr node=worker-1`;
  return (await session.json(`ipam auto-assign --host worker-1 --handle net.${pod} ${attrs}`, ...more)).ips;
}

const podOf = (name: string, ip: string) => ({
  metadata: { namespace: 'default', name },
  spec: { nodeName: 'worker-1' },
  status: { podIP: ip },
});

async function lock(isReady: boolean): Promise<void> {
  const store = await openStore(session.store());
  const value = bytes(JSON.stringify({ spec: { datastoreReady: isReady } }));
  await store.commit({ guards: [], writes: [{ key: CLUSTER_INFORMATION, value }], deletes: [] });
  await store.close();
}

/** Pods of which `living` live, and a list of them that is as old as given. */
async function cluster({ living, gone }: { living: number; gone: number }, ageSeconds = 0) {
  await session.ok('create ippool pods --cidr 10.0.0.0/24');
  const pods: object[] = [podOf('other', '10.9.9.9')];
  for (let pod = 0; pod < living; pod++) pods.push(podOf(`lives-${pod}`, (await assign(`lives-${pod}`))[0] ?? ''));
  for (let pod = 0; pod < gone; pod++) await assign(`gone-${pod}`);
  const folder = await temporaryFolder();
  const [list, report] = [join(folder, 'pods.json'), join(folder, 'report.json')];
  await writeFile(list, JSON.stringify({ kind: 'PodList', metadata: {}, items: pods }));
  const at = Date.now() / 1_000 - ageSeconds;
  await utimes(list, at, at);
  return { list, report, check: `ipam check --in-use-from ${list} --evidence-is-complete -o` };
}

const held = async () => ((await session.json('ipam check')) as unknown as { counts: { addresses: number } }).counts.addresses;

describe('check', () => {
  it('does not judge what is assigned after it asked who lives, and gc does not either', async () => {
    await session.ok('create ippool pods --cidr 10.0.0.0/24');
    await assign('gone');
    const pods = [podOf('stays', (await assign('stays'))[0] ?? '')];
    // Each list is followed by a pod that it does not have.
    const config = await serveLists(async (url) => {
      if (url.startsWith('/api/v1/nodes')) return { status: 200, body: { items: [{ metadata: { name: 'worker-1' } }], metadata: {} } };
      const items = [...pods];
      const name = `late-${items.length}`;
      pods.push(podOf(name, (await assign(name))[0] ?? ''));
      return { status: 200, body: { items, metadata: {} } };
    });
    const report = join(await temporaryFolder(), 'report.json');
    expect(await session.ok(`ipam check --kubeconfig ${config} -o ${report}`)).toContain('Found 1 IPs that are allocated in IPAM but not');
    expect(await reportOf(report)).toEqual({ 'net.gone': false, 'net.stays': true });
    expect(await session.ok(`ipam gc --kubeconfig ${config} --grace 1ms --dry-run`)).toContain('4 addresses held: 3 in use, 1 leaked');
  });

  it('does not miss the allocation of a pod that came while it asked who lives, and misses one that has none', async () => {
    await session.ok('create ippool pods --cidr 10.0.0.0/24');
    const config = await serveLists(async (url) => {
      if (url.startsWith('/api/v1/nodes')) return { status: 200, body: { items: [{ metadata: { name: 'worker-1' } }], metadata: {} } };
      const items = [podOf('late', (await assign('late'))[0] ?? ''), podOf('stray', '10.0.0.250')];
      return { status: 200, body: { items, metadata: {} } };
    });
    expect(await session.json(`ipam check --kubeconfig ${config}`)).toMatchObject({ problems: 1, inUseUnallocated: ['10.0.0.250'] });
  });

  it('GC-04: calls no address of a dual-stack handle leaked when the other one lives, in text, JSON and report', async () => {
    await session.ok('create ippool pods --cidr 10.0.0.0/24');
    await session.ok('create ippool pods6 --cidr fd00::/112');
    const [v4 = ''] = await assign('dual', '--num4', '1', '--num6', '1');
    const folder = await temporaryFolder();
    const [list, report] = [join(folder, 'pods.json'), join(folder, 'report.json')];
    await writeFile(list, JSON.stringify({ kind: 'PodList', items: [podOf('dual', v4)] }));
    const evidence = `--in-use-from ${list} --evidence-is-complete`;
    expect(await session.json(`ipam check ${evidence}`)).toMatchObject({ problems: 0, leaked: [], addresses: { leaked: 0, unknown: 1 } });
    const text = await session.ok(`ipam check ${evidence} --show-problem-ips -o ${report}`);
    expect(text).toContain('Found 0 IPs that are allocated in IPAM but not actually in use.');
    expect(text).not.toContain(' leaked; attrs');
    const { allocations } = JSON.parse(await readFile(report, 'utf8')) as Report;
    expect(Object.values(allocations).map(([entry]) => entry?.inUse)).toEqual([true, true]);
  });

  it('does not judge by a file what says that it was assigned since', async () => {
    const { check, report } = await cluster({ living: 1, gone: 1 }, 30);
    await assign('late', '--attr', `timestamp=${new Date().toISOString()}`);
    await assign('old', '--attr', 'timestamp=2024-05-01 10:00:00 +0000 UTC');
    const text = await session.ok(`${check} ${report}`);
    expect(text).toContain('1 more are shown in use by no list, but were assigned when the lists were taken, or since.');
    expect(await reportOf(report)).toEqual({ 'net.lives-0': true, 'net.gone-0': false, 'net.late': true, 'net.old': false });
  });

  it('writes no report by a list that is old', async () => {
    const { check, report } = await cluster({ living: 1, gone: 1 }, 3_600);
    expect(await session.refused(`${check} ${report}`)).toMatch(/60 minutes old.*Take the list anew/);
    await expect(readFile(report)).rejects.toThrow('ENOENT');
    expect(await session.json(check.replace(' -o', ''))).toMatchObject({ leaked: { length: 1 } });
  });

  it.each([
    ['--host worker-1', '--host belongs to --in-use-from'],
    ['--context admin', '--context belongs to --kubeconfig'],
    ['--unlinked-nodes', '--unlinked-nodes belongs to --nodes-from'],
  ])('and gc refuse %s without the evidence it is about', async (option, message) => {
    for (const command of ['ipam check', 'ipam gc --dry-run', 'ipam gc --watch --yes --in-cluster']) {
      if (command.includes('in-cluster') && option === '--unlinked-nodes') continue;
      const { code, stdout, stderr } = await session.run(`${command} ${option}`);
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    }
  });
});

describe('release --from-report', () => {
  it('refuses whole what is too large a share, and --dry-run says so', async () => {
    const { check, report } = await cluster({ living: 1, gone: 2 });
    await session.ok(`${check} ${report}`);
    const line = `ipam release --from-report ${report}`;
    expect(await session.refused(`${line} --yes`)).toContain('2 of the 3 addresses that were judged would be released, and 1 may be');
    expect(await session.run(`${line} --dry-run`)).toEqual({
      code: 1,
      stdout: expect.stringContaining('Would release 2 IPs'),
      stderr: expect.stringContaining('2 of the 3 addresses'),
    });
    expect(await held()).toBe(3);
    expect(await session.ok(`${line} --yes --max-share 70`)).toContain('Released 2 IPs successfully');
    const { code, stderr } = await session.run('ipam release --handle x --max-share 70');
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--max-share belongs to --from-report') });
  });

  it('a share of a report of calicoctl is one of all addresses in it', async () => {
    const { check, report } = await cluster({ living: 1, gone: 2 });
    await session.ok(`${check} ${report}`);
    // Numbers as they are: those of a block are longer than JavaScript's.
    await writeFile(report, (await readFile(report, 'utf8')).replace('  "judged": 3,\n', ''));
    expect(await readFile(report, 'utf8')).not.toContain('judged');
    expect(await session.refused(`ipam release --from-report ${report} --yes`)).toContain('2 of the 3 addresses');
    // As calicoctl does.
    expect(await session.ok(`ipam release --from-report ${report} --force`)).toContain('Released 2 IPs successfully');
  });

  it('as calicoctl: a script needs no --force while the data store is locked, and a person is asked', async () => {
    const { check, report } = await cluster({ living: 2, gone: 1 });
    await session.ok(`${check} ${report}`);
    const line = `ipam release --from-report=${report}`;
    expect(await session.refused(line)).toContain('add --yes');
    await lock(false);
    const asked: string[] = [];
    const confirm = async (question: string) => {
      asked.push(question);
      return false;
    };
    expect(await runLine(['--store', session.store(), ...line.split(' ')], { confirm })).toMatchObject({ code: 1 });
    expect(asked).toHaveLength(1);
    expect(await session.ok(line)).toContain('Released 1 IPs successfully');
    await lock(true);
    expect(await held()).toBe(2);
  });
});

describe('gc', () => {
  it('GC-14: under the lock a dry run goes on, and the reason why no more does is told once', async () => {
    const { list } = await cluster({ living: 1, gone: 1 });
    await lock(false);
    const line = `ipam gc --in-use-from ${list} --evidence-is-complete --observation ${list}.seen`;
    expect(await session.ok(`${line} --dry-run`)).toContain('Nothing was done (dry run).');
    expect(await session.refused(`${line} --yes`)).toContain('the datastore is locked');
  });

  it('tells once why it refuses, and a dry run does not advise a dry run', async () => {
    await session.ok('create ippool pods --cidr 10.0.0.0/24');
    for (const pod of ['a', 'b', 'c']) await assign(pod);
    const config = await serveLists((url) => ({
      status: 200,
      body: { items: url.startsWith('/api/v1/nodes') ? [{ metadata: { name: 'worker-1' } }] : [], metadata: {} },
    }));
    for (const [how, advice] of [
      ['--yes', true],
      ['--dry-run', false],
    ] as const) {
      const { code, stdout, stderr } = await session.run(`ipam gc --kubeconfig ${config} --grace 1ms ${how}`);
      expect(code).toBe(1);
      expect(stdout).toContain('Nothing was released.');
      expect(stdout).not.toContain('that were judged');
      expect(stderr).toContain('3 of the 3 addresses that were judged would be released');
      expect(stderr.includes('gc --dry-run')).toBe(advice);
    }
    expect(await held()).toBe(3);
  });

  it('says of several addresses what is so of each', async () => {
    await session.ok('create ippool pods --cidr 10.0.0.0/24');
    for (const handle of ['h1', 'h2']) await session.ok(`ipam auto-assign --host worker-1 --handle ${handle} --attr node=worker-1`);
    await session.ok('ipam auto-assign --host worker-1 --handle svc --attr service=web --attr namespace=default');
    const text = await session.ok('ipam gc --dry-run');
    expect(text).toContain('\n  each of 2 addresses does not say to which pod it belongs\n');
    expect(text).toContain('\n  1 address belongs to a service\n');
  });

  it('says what helps where a restored cluster counts from an earlier version', async () => {
    const { list } = await cluster({ living: 1, gone: 1 });
    const seen = `${list}.seen`;
    const line = `ipam gc --in-use-from ${list} --evidence-is-complete --observation ${seen} --yes`;
    await session.ok(line);
    expect(await session.refused(line)).toMatch(
      /was looked at before.*If the cluster was restored.*delete .*pods\.json\.seen to begin anew/,
    );
  });
});
