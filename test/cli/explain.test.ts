import { describe, expect, it } from 'vitest';
import { runLine, useSession } from './session.ts';

describe('plat why', () => {
  const { store, ok, run, json } = useSession();

  it('tells all that is known of an address, in sentences and as data', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.9 --host a --handle web --attr pod=web-1 --attr namespace=default');
    expect((await ok('why 10.0.0.9')).split('\n').slice(0, 3)).toEqual([
      '10.0.0.9 is held by handle web.',
      'It was assigned for default/web-1 on node a.',
      'It is in pool "p" (10.0.0.0/24).',
    ]);
    expect(await json('why 10.0.0.9')).toMatchObject({
      ip: '10.0.0.9',
      state: 'held',
      holder: { handle: 'web', node: 'a', borrowed: false },
      sentences: expect.arrayContaining(['Release it: plat ipam release --ip 10.0.0.9']),
    });
    expect(await ok('why 10.0.0.10')).toContain('10.0.0.10 is free');
    expect(await ok('why 192.0.2.1')).toContain('It is in no pool');
    expect((await run('why 10.0.0')).code).toBe(2);
  });

  it('of an address that nobody ever needed, on a store that is new', async () => {
    expect(await runLine(['--store', store(), 'why', 'fd00::1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('in no block yet'),
    });
  });
});

describe('plat why-not', () => {
  const { ok, run, json, refused } = useSession();

  /** The answer no: exit code 1, all of it on stdout. */
  async function no(line: string): Promise<unknown> {
    const { code, stdout, stderr } = await run(`-o json ${line}`);
    expect({ line, code, stderr }).toEqual({ line, code: 1, stderr: '' });
    return JSON.parse(stdout);
  }

  it('of an unknown host names an unknown pool too', async () => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    const line = 'why-not --host nosuch --pool p --pool nowhere --pool 10.9.0.0/24';
    expect(await no(line)).toMatchObject({ refusal: { code: 'node-not-found' }, unknownPools: ['nowhere', '10.9.0.0/24'] });
    const { stdout } = await run(line);
    expect(stdout).toMatch(/node-not-found.*\nThere is no pool "nowhere" either\. List them with: plat get ippools\n/);
    expect(stdout).not.toContain('no pool "p"');
  });

  it('says which block the next address would come from', async () => {
    await ok('create ippool p --cidr 10.0.0.0/30 --block-size 30');
    await ok('create node a');
    expect(await ok('why-not --host a')).toMatch(/^a would get 10\.0\.0\.0 from 10\.0\.0\.0\/30 in pool "p": a new block\.\n/);
    expect(await json('why-not --host a --num 2')).toMatchObject({ host: 'a', assignable: true, refusal: null, addresses: [{}, {}] });
    expect((await json('ipam show')).pools).toMatchObject([{ inUse: 0 }]);
    expect(await ok('why-not --host a --ip 10.0.0.2')).toContain('a would get 10.0.0.2');
  });

  it('gives the text of the refusal itself, each pool’s rule, and what would change it', async () => {
    await ok('create ippool rack --cidr 10.1.0.0/24 --node-selector has(rack)');
    await ok('create ippool named --cidr 10.2.0.0/24 --assignment-mode manual');
    await ok('create node a');
    const { code, stdout: told, stderr } = await run('why-not --host a');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const message =
      (await refused('ipam auto-assign --host a'))
        .replace(/^plat: /, '')
        .split(' Next: ')[0]
        ?.trim() ?? '';
    expect(told).toContain(message);
    expect(told).toMatch(/\| named \| 10\.2\.0\.0\/24 \| has assignment mode Manual.* \| Ask for it by name: --pool named +\|/);
    expect(await ok('why-not --host a --pool named')).toContain('a would get 10.2.0.');
    expect(await no('why-not --host a --pool nosuch')).toMatchObject({ assignable: false, refusal: { code: 'pool-not-found' } });
  });

  it('PL-08 matches namespace selectors by name and by label', async () => {
    const selector = "env == 'staging' && kubernetes.io/metadata.name == 'shop'";
    await ok('create ippool p --cidr 10.1.0.0/24 --allowed-uses Workload --namespace-selector', selector);
    await ok('create node a');
    expect(await no('why-not --host a --namespace shop')).toMatchObject({
      assignable: false,
      considered: [{ verdict: 'namespace-selector' }],
    });
    expect(await json('why-not --host a --namespace shop --namespace-labels env=staging,tier=web')).toMatchObject({ assignable: true });
  });

  it('asks for the family of the pools, or for those that are named', async () => {
    await ok('create ippool four --cidr 10.0.0.0/24');
    await ok('create ippool six --cidr fd00::/120');
    await ok('create node a');
    const pools = async (line: string) => {
      const { addresses } = (await json(line)) as unknown as { addresses: readonly { pool: string }[] };
      return addresses.map(({ pool }) => pool);
    };
    expect(await pools('why-not --host a')).toEqual(['four']);
    expect(await pools('why-not --host a --pool six')).toEqual(['six']);
    expect(await pools('why-not --host a -4 -6')).toEqual(['four', 'six']);
    expect(await pools('why-not --host a --pool fd00::/120 --pool four')).toEqual(['four', 'six']);
    expect((await run('why-not --host a --ip 10.0.0.1 -6')).code).toBe(2);
  });
});
