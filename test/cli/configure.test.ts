import { describe, expect, it } from 'vitest';
import { useSession } from './session.ts';

describe('plat ipam configure', () => {
  const { ok, json, run, refused } = useSession();

  it('CF-01 shows what holds, also before anything was set', async () => {
    const table = [
      '+------------------------------+---------+',
      '| PROPERTY                     | VALUE   |',
      '+------------------------------+---------+',
      '| StrictAffinity               | false   |',
      '| AutoAllocateBlocks           | true    |',
      '| MaxBlocksPerHost             | 0       |',
      '| KubeVirtVMAddressPersistence | Enabled |',
      '| IPCooldownSeconds            | 0       |',
      '+------------------------------+---------+\n',
    ].join('\n');
    expect(await ok('ipam configure show')).toBe(table);
    expect(await ok('ipam show --show-configuration')).toBe(table);
    expect(await json('ipam configure show')).toMatchObject({ kind: 'IPAMConfig', strictAffinity: false, autoAllocateBlocks: true });
  });

  it('CF-02 sets what is named, one line each in calicoctl’s order, and keeps the rest', async () => {
    expect(await ok('ipam configure --ip-cooldown-seconds=300 --strictaffinity=T --max-blocks-per-host 4')).toBe(
      'Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 4\nSuccessfully set IPCooldownSeconds to: 300\n',
    );
    await ok('ipam configure set --kubevirt-ip-persistence Disabled');
    await ok('ipam configure --maxblocksperhost=-1 --auto-allocate-blocks false');
    expect(await json('ipam configure show')).toMatchObject({
      strictAffinity: true,
      autoAllocateBlocks: false,
      maxBlocksPerHost: -1,
      kubeVirtVMAddressPersistence: 'Disabled',
      ipCooldownSeconds: 300,
    });
  });

  it('CF-03 CF-04 CF-07 checks in a dry run what it would check, and writes nothing', async () => {
    expect(await ok('ipam configure --strictaffinity=true --dry-run')).toBe('Would set StrictAffinity to: true\n');
    expect(await refused('ipam configure --max-blocks-per-host=2 --dry-run')).toContain('MaxBlocksPerHost requires StrictAffinity');
    expect(await refused('ipam configure --auto-allocate-blocks=false')).toContain(
      "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks'",
    );
    expect(await refused('ipam configure --ip-cooldown-seconds=1201')).toContain('between 0 and 1200');
    expect(await json('ipam configure show')).toMatchObject({ strictAffinity: false, maxBlocksPerHost: 0, ipCooldownSeconds: 0 });
  });

  it.each([
    ['', 'at least one configuration option must be specified'],
    [' --strictaffinity=maybe', 'invalid value. Use true or false to set strictaffinity'],
    [' --max-blocks-per-host=many', 'invalid value for maxblockhost. Use a valid number'],
    [' --kubevirt-ip-persistence=enabled', 'invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled'],
    [' --ip-cooldown-seconds=soon', 'invalid value for --ip-cooldown-seconds'],
  ])('refuses "ipam configure%s" with calicoctl’s words and exit code', async (options, words) => {
    expect(await refused(`ipam configure${options}`)).toContain(words);
  });

  it('refuses an action that is none, and settings beside show', async () => {
    expect((await run('ipam configure reset')).code).toBe(2);
    expect((await run('ipam configure show --strictaffinity=true')).code).toBe(2);
  });
});

describe('plat ipam split', () => {
  const { ok, json, refused } = useSession();

  it('splits by name or by network, after telling what would be', async () => {
    await ok('create ippool p1 --cidr 10.0.1.0/24');
    await ok('ipam auto-assign --host a --handle h --num4 3');
    const plan = await json('ipam split 4 --name p1 --dry-run');
    expect(plan).toMatchObject({ pool: 'p1', dryRun: true, parts: [{ name: 'split-p1-0', cidr: '10.0.1.0/26' }, {}, {}, {}] });
    expect((await json('ipam show')).pools).toMatchObject([{ name: 'p1' }]);
    expect(await ok('ipam split 4 --cidr 10.0.1.0/24')).toBe(
      [
        'IP Pool p1 was successfully split into 4 smaller pools.',
        'Created split-p1-0 with CIDR 10.0.1.0/26.',
        'Created split-p1-1 with CIDR 10.0.1.64/26.',
        'Created split-p1-2 with CIDR 10.0.1.128/26.',
        'Created split-p1-3 with CIDR 10.0.1.192/26.\n',
      ].join('\n'),
    );
    const { pools } = await json('ipam show');
    expect(pools).toMatchObject([0, 1, 2, 3].map((index) => ({ name: `split-p1-${index}` })));
    expect(await ok('ipam release --handle h')).toContain('3 addresses');
  });

  it.each([
    ['ipam split 2', 'no name or CIDR provided'],
    ['ipam split x --name p1', 'is not a valid number'],
    ['ipam split 3 --name p1', 'number to split CIDR into is not a valid power of 2: 3'],
    ['ipam split 2 --name nosuch', 'unable to find IP pool with name nosuch'],
    ['ipam split 2 --cidr 10.9.0.0/24', 'unable to find IP pool covering the specified CIDR 10.9.0.0/24'],
    ['ipam split 8 --name p1', 'smaller than a block'],
  ])('refuses "%s" with exit code 1 and changes nothing', async (line, words) => {
    await ok('create ippool p1 --cidr 10.0.1.0/24');
    expect(await refused(line)).toContain(words);
    expect((await json('ipam show')).pools).toMatchObject([{ name: 'p1', free: 256 }]);
  });
});
