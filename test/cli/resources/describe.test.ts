import { describe, expect, it } from 'vitest';
import { useSession } from '../session.ts';

describe('plat describe', () => {
  const { run, ok, json, refused } = useSession();
  const furnish = async () => {
    await ok('create ippool p --cidr 10.0.0.0/28 --block-size 29 --node-selector', "rack == 'r1'");
    await ok('create ippool closed --cidr 10.1.0.0/24 --disabled');
    await ok('create node a --label rack=r1');
    await ok('create node b --label rack=r2');
    await ok('create ipreservation r --cidr 10.0.0.0/30 --cidr 10.9.0.0/24');
    await ok('ipam assign --ip 10.0.0.5 --host a --handle h');
    await ok('ipam assign --ip 10.0.0.6 --host b --handle i');
  };

  it('tells of a pool how full it is, who has blocks of it and who may use it', async () => {
    await furnish();
    const told = await ok('describe ippool p');
    expect(told).toMatch(/^Name: +p\n/);
    expect(told).toMatch(/^Network: +10\.0\.0\.0\/28 in \/29 blocks of 8 addresses$/m);
    expect(told).toMatch(/^In use: +2 of 16 \(12%\)$/m);
    expect(told).toMatch(/^Reserved: +4 of 16 \(25%\)$/m);
    expect(told).toMatch(/^Blocks: +1 block\n +a: 1 block, 2 addresses in use$/m);
    expect(told).toMatch(/^Nodes: +rack == 'r1' selects 1 of 2 nodes\n +a$/m);
    expect(told).toMatch(/^Reservations: +10\.0\.0\.0\/30 \(r\)$/m);
    expect(await ok('describe pool closed')).toMatch(/^Gives addresses: +no: it is disabled/m);
    expect(await json('describe ippool p')).toMatchObject({
      kind: 'IPPool',
      description: { inUse: 2, blocks: [{ owner: 'a', blocks: 1, inUse: 2 }], nodes: { selected: ['a'] } },
    });
  });

  it('tells of a node its blocks, what it borrowed and which pools it may use', async () => {
    await furnish();
    expect(await ok('describe node a')).toMatch(/^Blocks: +10\.0\.0\.0\/29 of p: 2 of 8 \(25%\) in use$/m);
    const told = await ok('describe node b');
    expect(told).toMatch(/^Blocks: +<none>$/m);
    expect(told).toMatch(/^Borrowed: +10\.0\.0\.6 of 10\.0\.0\.0\/29 \(a\)$/m);
    expect(told).toMatch(/^May use: +closed \(10\.1\.0\.0\/24\), disabled$/m);
  });

  it('tells of a reservation where it lies, and who holds an address of it', async () => {
    await furnish();
    await ok('ipam assign --ip 10.0.0.1 --host a --handle early');
    const told = await ok('describe ipreservation r');
    expect(told).toMatch(/^Reserved: +10\.0\.0\.0\/30\n +10\.9\.0\.0\/24$/m);
    expect(told).toMatch(/^In pools: +p \(10\.0\.0\.0\/28\)$/m);
    expect(told).toMatch(/^Held all the same: +10\.0\.0\.1 by early$/m);
  });

  it('tells of the configuration what each setting means', async () => {
    expect(await ok('describe ipamconfig')).toMatch(/^Stored: +no: these are the defaults$/m);
    await ok('ipam configure --strictaffinity=true --ip-cooldown-seconds=300 --max-blocks-per-host=4');
    const told = await ok('describe ipamconfig default');
    expect(told).toMatch(/^Strict affinity: +yes: /m);
    expect(told).toMatch(/^Cooldown: +a released address rests for 300 seconds$/m);
    expect(told).toMatch(/^Blocks per node: +at most 4 of each family$/m);
  });

  it('tells of several, by name or label, and names those that are not there', async () => {
    await furnish();
    expect((await ok('describe nodes')).match(/^Name:/gm)).toHaveLength(2);
    expect(await ok('describe nodes -l rack=r2')).toMatch(/^Name: +b$/m);
    const { code, stdout, stderr } = await run('describe node a none');
    expect({ code, one: stdout.match(/^Name:/gm)?.length, stderr }).toEqual({
      code: 1,
      one: 1,
      stderr: "plat: there is no node 'none'. See all with: plat get nodes\n",
    });
    expect(await refused('describe ippool x y')).toContain("there are no IP pools 'x', 'y'");
  });
});

describe('plat get', () => {
  const { run, ok } = useSession();

  it('selects by label, as kubectl and as pools do', async () => {
    await ok('create node a --label rack=r1 --label gpu=yes');
    await ok('create node b --label rack=r2');
    const named = async (selector: string) =>
      (await ok('get nodes -o name -l', selector)).replaceAll('node/', '').split('\n').filter(Boolean);
    expect(await named('rack=r1')).toEqual(['a']);
    expect(await named('rack!=r1,!gpu')).toEqual(['b']);
    expect(await named('gpu')).toEqual(['a']);
    expect(await named("rack in {'r1', 'r2'}")).toEqual(['a', 'b']);
    expect(await run('get nodes -l', '&&')).toMatchObject({ code: 2, stderr: expect.stringContaining('--selector') });
    expect(await run('get nodes a -l gpu')).toMatchObject({ code: 2 });
  });

  it('gives several by name in the order asked for, once each', async () => {
    for (const name of ['a', 'b', 'c']) await ok(`create node ${name}`);
    expect(await ok('get node c a c -o name')).toBe('node/c\nnode/a\n');
    expect(await ok('get Nodes -o name')).toBe('node/a\nnode/b\nnode/c\n');
  });
});
