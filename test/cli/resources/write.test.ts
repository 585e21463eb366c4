import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { etcdStage, lmdbStage, runLine, useSession } from '../session.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plat-manifests-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, ...documents: readonly object[]): Promise<string> {
  const path = join(folder, name);
  // JSON is YAML.
  await writeFile(path, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  return path;
}

const pool = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'IPPool',
  metadata: { name, ...metadata },
  spec,
});
const NODE = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'Node',
  metadata: { name: 'n1', labels: { rack: 'r1' } },
  spec: { bgp: { ipv4Address: '10.0.12.34/24', asNumber: 64512 }, orchRefs: [{ nodeName: 'n1', orchestrator: 'k8s' }] },
};

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('manifests on %s', (_name, openStage) => {
  const { run, ok, json, refused, store } = useSession(openStage);
  const pipe = (input: string, ...args: readonly string[]) => runLine(['--store', store(), ...args], { readInput: async () => input });
  const specOf = async (name: string) => (JSON.parse(await ok(`get ippool ${name} -o json`)) as { spec: object }).spec;

  it('PV-05 creates all kinds from several documents and lists, then finds nothing to change', async () => {
    const path = await file('all.yaml', pool('p1', { cidr: '10.1.0.0/24', natOutgoing: true }, { labels: { team: 'a' } }), {
      apiVersion: 'v1',
      kind: 'List',
      items: [
        NODE,
        { apiVersion: 'projectcalico.org/v3', kind: 'IPReservation', metadata: { name: 'r' }, spec: { reservedCIDRs: ['10.1.0.0/30'] } },
        { apiVersion: 'projectcalico.org/v3', kind: 'IPAMConfiguration', metadata: { name: 'default' }, spec: { ipCooldownSeconds: 60 } },
      ],
    });
    expect(await ok(`apply -f ${path}`)).toBe(
      'ippool/p1 created\nnode/n1 created\nipreservation/r created\nipamconfig/default configured\nSuccessfully applied 4 resource(s)\n',
    );
    expect(await ok(`apply -f ${path}`)).toContain(
      'ippool/p1 unchanged\nnode/n1 unchanged\nipreservation/r unchanged\nipamconfig/default unchanged',
    );
    expect(await specOf('p1')).toMatchObject({
      cidr: '10.1.0.0/24',
      natOutgoing: true,
      blockSize: 26,
      ipipMode: 'Never',
      vxlanMode: 'Never',
    });
    expect(await json('get node n1')).toMatchObject({ metadata: NODE.metadata, spec: NODE.spec });
    expect(await json('ipam show --ip 10.1.0.9')).toMatchObject({ assigned: false });
    expect(await json('get ipamconfig default')).toMatchObject({ spec: { ipCooldownSeconds: 60, autoAllocateBlocks: true } });
  });

  it('PV-07 what get prints goes back in, for every kind and format', async () => {
    await ok('create ippool a --cidr 10.1.0.0/24 --block-size 28 --node-selector', "rack == 'r1'");
    await ok('create ippool b --cidr fd00::/64 --disabled');
    await ok('create ipreservation r --cidr 10.1.0.0/30');
    await ok('create node n --label rack=r1');
    await ok('ipam configure --strictaffinity=true');
    for (const [kind, format] of [
      ['ippool', 'yaml'],
      ['ippool', 'json'],
      ['ipreservation', 'yaml'],
      ['node', 'yaml'],
      ['ipamconfig', 'yaml'],
    ] as const) {
      const printed = await ok(`get ${kind} -o ${format}`);
      const applied = await pipe(printed, 'apply', '-f', '-');
      expect(applied).toMatchObject({ code: 0, stderr: '', stdout: expect.not.stringContaining('configured') });
      expect(await ok(`get ${kind} -o ${format}`)).toBe(printed);
    }
    const one = await ok('get ippool a -o yaml --export');
    expect(parseYaml(one)).toMatchObject({ metadata: { name: 'a' }, spec: { blockSize: 28 } });
    expect(one).not.toMatch(/resourceVersion|uid|creationTimestamp/);
  });

  it('changes what the manifest says, takes labels from it, and keeps what only the store has', async () => {
    await ok('create ippool p --cidr 10.1.0.0/24 --block-size 28 --disabled');
    const created = (await json('get ippool p')) as unknown as { metadata: { uid: string } };
    const path = await file('p.json', pool('p', { cidr: '10.1.0.0/24', ipipMode: 'Always' }, { labels: { a: '1' } }));
    expect(await ok(`apply -f ${path}`)).toContain('ippool/p configured');
    expect(await json('get ippool p')).toMatchObject({
      metadata: { uid: created.metadata.uid, labels: { a: '1' } },
      spec: { ipipMode: 'Always', blockSize: 28, disabled: false },
    });
    await ok(`replace -f ${await file('q.json', pool('p', { cidr: '10.1.0.0/24' }))}`);
    expect(await json('get ippool p')).toMatchObject({ metadata: { uid: created.metadata.uid }, spec: { ipipMode: 'Never' } });
    expect(((await json('get ippool p')) as unknown as { metadata: object }).metadata).not.toHaveProperty('labels');
  });

  it('PV-02 PV-08 PV-09 names every broken rule with file, document, field and value, and writes nothing', async () => {
    await ok('create ippool there --cidr 10.9.0.0/24');
    const path = await file(
      'bad.yaml',
      pool('good', { cidr: '10.1.0.0/24' }),
      pool('under', { cidr: '10.9.0.128/25' }),
      pool('two', { cidr: '10.2.0.0/24', blockSize: 19, ipipMode: 'Sometimes', assignmentMode: 'Auto' }),
      pool('beside', { cidr: '10.1.0.128/25' }),
      pool('good', { cidr: '10.5.0.0/24' }),
      pool('tunnel', { cidr: '10.6.0.0/24', namespaceSelector: "a == 'b'" }),
    );
    const told = await refused(`apply -f ${path}`);
    expect(told).toContain(
      `${path}, document 2 (IPPool under): spec.cidr = "10.9.0.128/25": IPPool(under) CIDR overlaps with IPPool(there) CIDR 10.9.0.0/24 [cidr-overlap]`,
    );
    expect(told).toMatch(
      /document 3 \(IPPool two\): spec\.blockSize = "19": blockSize must be between 20 and 32.*spec\.ipipMode = "Sometimes": supported values.*spec\.assignmentMode = "Auto"/,
    );
    expect(told).toContain(
      `document 4 (IPPool beside): spec.cidr = "10.1.0.128/25": IPPool(beside) CIDR overlaps with IPPool(good) CIDR 10.1.0.0/24 of ${path}, document 1 [cidr-overlap]`,
    );
    expect(told).toContain(`document 5 (IPPool good): metadata.name = "good": ${path}, document 1 has it too [duplicate]`);
    expect(told).toContain(
      'document 6 (IPPool tunnel): spec.namespaceSelector = "a == \'b\'": IP Pool with AllowedUse Tunnel cannot have namespaceSelector',
    );
    expect(await ok('get ippools -o name')).toBe('ippool/there\n');
    const { stderr } = await run(`-o json create -f ${path}`);
    expect(JSON.parse(stderr).error.details.violations).toContainEqual({
      file: path,
      document: 3,
      resource: 'IPPool two',
      field: 'spec.blockSize',
      value: '19',
      rule: 'block-size-range',
      message: expect.any(String),
    });
  });

  it('PV-02 refuses to change the network or the block size', async () => {
    await ok('create ippool p --cidr 1.2.3.0/24 --block-size 26');
    expect(await refused(`apply -f ${await file('a', pool('p', { cidr: '1.2.4.0/24' }))}`)).toContain('IPPool CIDR cannot be modified');
    expect(await refused(`apply -f ${await file('b', pool('p', { cidr: '1.2.3.0/24', blockSize: 25 }))}`)).toContain(
      'IPPool BlockSize cannot be modified',
    );
  });

  it('PV-07 honours resourceVersion: an old one is refused, a new resource has none', async () => {
    await ok('create ippool p --cidr 10.1.0.0/24');
    const old = await ok('get ippool p -o yaml');
    await ok('patch ippool p -p', '{"spec":{"natOutgoing":true}}');
    for (const verb of ['apply', 'replace', 'delete']) {
      const { code, stderr } = await pipe(old.replace('natOutgoing: false', 'natOutgoing: true'), verb, '-f', '-');
      expect({ verb, code, told: /changed since it was read/.test(stderr) }).toEqual({ verb, code: 1, told: true });
    }
    expect(await pipe(old, 'create', '-f', '-')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('field must not be set for a Create request'),
    });
    const fresh = await ok('get ippool p -o yaml');
    expect(await pipe(fresh, 'delete', '-f', '-')).toMatchObject({ code: 0 });
    expect(await pipe(fresh, 'apply', '-f', '-')).toMatchObject({ code: 1, stderr: expect.stringContaining('plat get --export') });
  });

  it.each([
    ['create', 'plat create -f FILE --dry-run'],
    ['replace', 'plat replace -f FILE --dry-run'],
    ['apply', 'plat apply -f FILE --dry-run'],
    ['delete', 'plat delete -f FILE --dry-run'],
    ['get', 'plat get -f FILE'],
  ])('%s advises to repeat itself after a bad document', async (verb, next) => {
    const path = await file('bad.yaml', pool('p', { cidr: '10.0.0.0/24', blocksize: 26 }));
    expect(await refused(`${verb} -f ${path}`)).toContain(`Correct that and try: ${next}\n`);
  });

  it('with --dry-run and --diff checks everything and writes nothing', async () => {
    await ok('create ippool p --cidr 10.1.0.0/24');
    const before = await ok('get ippools -o yaml');
    const path = await file('m.yaml', pool('p', { cidr: '10.1.0.0/24', natOutgoing: true }), pool('q', { cidr: '10.2.0.0/24' }));
    expect(await ok(`apply -f ${path} --dry-run`)).toBe('ippool/p configured (dry run)\nippool/q created (dry run)\n');
    const told = await ok(`apply -f ${path} --diff --dry-run`);
    expect(told).toMatch(/^ippool\/p configured \(dry run\)\nippool\/q created \(dry run\)\n--- /);
    const diff = await ok(`apply -f ${path} --diff`);
    expect(diff).toContain('--- ippool/p\n+++ ippool/p\n');
    expect(diff).toMatch(/^- {2}natOutgoing: false\n\+ {2}natOutgoing: true$/m);
    expect(diff).toContain('--- /dev/null\n+++ ippool/q\n@@ -0,0 +1,');
    expect(await ok('create ippool r --cidr 10.3.0.0/24 --dry-run')).toContain('created (dry run)');
    expect(await ok('create --dry-run ippool r --cidr 10.3.0.0/24')).toContain('created (dry run)');
    await ok('create node n --dry-run');
    await ok('create ipreservation s --cidr 10.1.0.0/32 --dry-run');
    expect(await refused('create ippool r --cidr 10.1.0.0/25 --dry-run')).toContain('overlaps');
    expect(await ok('get ippools -o yaml')).toBe(before);
    expect(await ok('get nodes -o name')).toBe('');
    expect(await ok('get ipreservations -o name')).toBe('');
    await ok(`apply -f ${path}`);
    expect(await ok(`apply -f ${path} --diff`)).toBe('No differences.\n');
  });

  it('create refuses what exists, and does the rest; --skip-exists leaves it alone', async () => {
    await ok('create ippool p --cidr 10.1.0.0/24');
    const path = await file('m.yaml', pool('p', { cidr: '10.1.0.0/24' }), pool('q', { cidr: '10.2.0.0/24' }));
    const { code, stdout, stderr } = await run(`create -f ${path}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "ippool/q created\nSuccessfully created 1 'IPPool' resource(s)\n" });
    expect(stderr).toMatch(/^plat: 1 of 2 resources not created, the other 1 done\. .*document 1: ippool p: ippool p exists already/);
    expect(await ok(`create -f ${path} --skip-exists`)).toContain('ippool/p skipped\nippool/q skipped');
    expect(await refused(`replace -f ${await file('n.yaml', pool('none', { cidr: '10.7.0.0/24' }))}`)).toMatch(
      /there is no ippool none.*plat get ippools/,
    );
  });

  it('patches by merge, by operations, and strategically', async () => {
    await ok('create ippool p --cidr 10.1.0.0/24');
    await ok('patch ippool p -p', '{"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"disabled":true}}');
    await ok('patch ippool p --type merge -p', '{"metadata":{"labels":{"a":null}},"spec":{"allowedUses":["Tunnel"]}}');
    await ok(
      'patch ippool p -t json -p',
      '[{"op":"test","path":"/spec/disabled","value":true},{"op":"replace","path":"/spec/natOutgoing","value":true}]',
    );
    expect(await json('get ippool p')).toMatchObject({
      metadata: { labels: { b: '2' } },
      spec: { disabled: true, natOutgoing: true, allowedUses: ['Tunnel'] },
    });
    expect(await ok('patch ippool p -p', 'spec: {disabled: true}')).toContain('ippool/p unchanged');
    expect(await ok('patch ippool p --dry-run -p', 'spec: {disabled: false}')).toContain('patched (dry run)');
    expect(await ok('patch ippool p --dry-run --diff -p', 'spec: {disabled: false}')).toMatch(/^ippool\/p patched \(dry run\)\n--- /);
    expect(await ok('patch ipamconfig default -p', 'spec: {ipCooldownSeconds: 30}')).toContain('patched');
    expect(await json('get ippool p')).toMatchObject({ spec: { disabled: true } });
    expect(await refused('patch ippool p -p', 'spec: {blockSize: 28}')).toContain('IPPool BlockSize cannot be modified');
    expect(await refused('patch ippool p -p', 'spec: {colour: red}')).toContain('spec.colour = "red": field in document is not recognized');
    expect(await refused('patch ippool none -p', '{}')).toContain("there is no IP pool 'none'");
    expect(await refused('patch ippool p -p', '{"metadata":{"resourceVersion":"1"},"spec":{"disabled":false}}')).toContain(
      'changed since it was read',
    );
    for (const [patch, type] of [
      ['[1]', 'merge'],
      ['{a', 'merge'],
      ['{"op":"x"}', 'json'],
      ['{"spec":{"$patch":"replace"}}', 'strategic'],
      ['[{"op":"test","path":"/spec/disabled","value":false}]', 'json'],
      ['metadata: {name: q}', 'merge'],
    ] as const)
      expect(await run(`patch ippool p -t ${type} -p`, patch)).toMatchObject({ code: 2, stdout: '' });
  });

  it('two that apply at the same time both win, one after the other', async () => {
    await ok('create node n');
    const paths = await Promise.all(['a', 'b', 'c', 'd'].map((rack) => file(rack, { ...NODE, metadata: { name: 'n', labels: { rack } } })));
    const runs = await Promise.all(paths.map((path) => run(`apply -f ${path}`)));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const { metadata } = (await json('get node n')) as unknown as { metadata: { labels: { rack: string } } };
    expect(['a', 'b', 'c', 'd']).toContain(metadata.labels.rack);
  });
});

describe('-f', () => {
  const { run, ok, refused } = useSession();

  it('takes folders, deep ones with -R, and several files', async () => {
    await file('b.yaml', pool('b', { cidr: '10.2.0.0/24' }));
    await file('a.json', pool('a', { cidr: '10.1.0.0/24' }));
    await file('note.txt', { not: 'a manifest' });
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(folder, 'deep'));
    await file('deep/c.yml', pool('c', { cidr: '10.3.0.0/24' }));
    expect(await ok(`apply -f ${folder}`)).toMatch(/^ippool\/a created\nippool\/b created\nSucc/);
    expect(await ok(`apply -R -f ${folder}`)).toMatch(/ippool\/c created/);
    expect(await ok(`get -f ${join(folder, 'b.yaml')} -f ${join(folder, 'a.json')}`)).toMatch(/^NAME .*\nb .*\na /);
    expect(await ok(`delete -R -f ${folder}`)).toContain("Successfully deleted 3 'IPPool' resource(s)");
    expect(await ok(`delete -R -f ${folder} -s`)).toContain('ippool a was not there');
  });

  it('refuses what it cannot read, and nothing at all unless told', async () => {
    const empty = join(folder, 'empty.yaml');
    await writeFile(empty, '---\n# nothing\n');
    expect(await refused(`apply -f ${empty}`)).toContain(`no resources specified in ${empty}`);
    expect(await ok(`apply -f ${empty} --skip-empty`)).toBe('No resources specified\n');
    expect(await refused('apply -f /nowhere.yaml')).toContain('/nowhere.yaml');
    const broken = join(folder, 'broken.yaml');
    await writeFile(broken, 'a: [1\n');
    expect(await refused(`apply -f ${broken}`)).toContain('neither YAML nor JSON');
    for (const line of ['apply', 'create', 'replace', 'delete', 'get'])
      expect(await run(line)).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing was named') });
    expect(await run('get ippol')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("resource type 'ippol' is not supported. Expected one of ippool"),
    });
    expect(await run(`delete -f ${empty} ippool p`)).toMatchObject({ code: 2, stderr: expect.stringContaining('--filename goes with') });
  });
});
