import { describe, expect, it } from 'vitest';
import { etcdStage, lmdbStage, runLine, useSession } from '../session.ts';

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('plat get --watch on %s', (_name, openStage) => {
  const { store, ok, run } = useSession(openStage);

  /** A watch under way: what it printed so far, and its end. */
  function watch(line: string) {
    const stop = new AbortController();
    let printed = '';
    let noted = '';
    const ended = runLine(['--store', store(), ...line.split(' ')], {
      signal: stop.signal,
      print: (text) => {
        printed += `${text}\n`;
      },
      write: (text) => {
        printed += text;
      },
      note: (text) => {
        noted += `${text}\n`;
      },
    });
    return {
      printed: (text: string) => expect.poll(() => printed, { timeout: 30_000 }).toBe(text),
      noted: (text: string) => expect.poll(() => noted, { timeout: 30_000 }).toBe(text),
      read: () => printed,
      end: () => {
        stop.abort();
        return ended;
      },
    };
  }

  it('prints the table, then the rows that change, and tells what is gone', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('create ippool q --cidr 10.1.0.0/24');
    const watching = watch('get ippools -w');
    const table = 'NAME   CIDR          SELECTOR\np      10.0.0.0/24   all()\nq      10.1.0.0/24   all()\n';
    await watching.printed(table);
    await ok('patch ippool q -p', '{"spec":{"nodeSelector":"has(gpu)"}}');
    const selected = `${table}q      10.1.0.0/24   has(gpu)\n`;
    await watching.printed(selected);
    await ok('patch ippool p -p', '{"spec":{"disabled":true}}');
    const disabled = `${selected}NAME   CIDR          SELECTOR   DISABLED\np      10.0.0.0/24   all()      true\n`;
    await watching.printed(disabled);
    await ok('delete ippool q');
    await watching.noted('plat: ippool q is gone\n');
    expect(await watching.end()).toMatchObject({ code: 0 });
    // It is disabled before it goes.
    expect(watching.read()).toMatch(/^NAME[\s\S]*true\nq +10\.1\.0\.0\/24 +has\(gpu\) +true\n$/);
  });

  it('prints each object that changes with -o json, only those that are chosen', async () => {
    await ok('create node a --label rack=r1');
    await ok('create node b --label rack=r2');
    const watching = watch('get nodes -l rack=r1 -w -o jsonpath={.metadata.name}:{.metadata.labels.zone};');
    await watching.printed('a:;');
    for (const name of ['b', 'a']) await ok(`patch node ${name} -p`, '{"metadata":{"labels":{"zone":"z"}}}');
    await watching.printed('a:;a:z;');
    expect(await watching.end()).toMatchObject({ code: 0, stderr: '' });
  });

  it('with --output-watch-events tells programs what was added, changed and deleted', async () => {
    await ok('create node a');
    const watching = watch('get nodes -w --output-watch-events -o jsonpath={.type}:{.object.metadata.name}:{.object.kind};');
    const added = 'ADDED:a:Node;';
    await watching.printed(added);
    await ok('create node b');
    await watching.printed(`${added}ADDED:b:Node;`);
    await ok('patch node a -p', '{"metadata":{"labels":{"zone":"z"}}}');
    await watching.printed(`${added}ADDED:b:Node;MODIFIED:a:Node;`);
    await ok('delete node b');
    await watching.printed(`${added}ADDED:b:Node;MODIFIED:a:Node;DELETED:b:Node;`);
    expect(await watching.end()).toMatchObject({ code: 0, stderr: '' });
  });

  it.each(['get nodes --output-watch-events -o json', 'get nodes -w --output-watch-events', 'get nodes -w --output-watch-events -o name'])(
    'refuses %s',
    async (line) => {
      expect(await run(line)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--output-watch-events') });
    },
  );

  it('follows the configuration too', async () => {
    const config = watch('get ipamconfig --watch -o json');
    await expect.poll(() => config.read(), { timeout: 30_000 }).toContain('"strictAffinity": false');
    await ok('ipam configure --strictaffinity=true');
    await expect.poll(() => config.read(), { timeout: 30_000 }).toContain('"strictAffinity": true');
    expect(await config.end()).toMatchObject({ code: 0, stderr: '' });
  });

  it('of a name that is not there is refused', async () => {
    expect(await run('get node nosuch -w')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining("there is no node 'nosuch'"),
    });
  });
});
