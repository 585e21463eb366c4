import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/cli/errors.ts';
import { withNextCommand } from '../../src/cli/next-command.ts';
import { IpamError } from '../../src/ipam/errors.ts';
import { useSession } from './session.ts';

describe('withNextCommand', () => {
  it('adds a command with what the details know', () => {
    expect(withNextCommand('address-in-use', '10.0.0.1 is held.', { ip: '10.0.0.1' })).toBe(
      '10.0.0.1 is held. Next: plat ipam show --ip 10.0.0.1',
    );
    expect(withNextCommand('conflict', 'changed', { kind: 'ippool', name: 'p' })).toBe('changed. Next: plat get ippool p -o yaml');
    expect(withNextCommand('address-cooling', 'cooling.', {})).toBe('cooling. Next: plat ipam show --ip ADDRESS');
  });

  it('names the command whose input broke a rule, the configuration, or a stored pool', () => {
    const next = (details: Readonly<Record<string, unknown>>) =>
      withNextCommand('invalid-resource', 'wrong.', details, 'plat create node --help');
    expect(next({ violations: [{ field: 'spec.cidr' }] })).toBe('wrong. Next: plat create node --help');
    expect(next({ violations: [{ field: 'maxBlocksPerHost' }] })).toBe('wrong. Next: plat ipam configure show');
    expect(next({ pool: 'p' })).toBe('wrong. Next: plat get ippool p -o yaml');
  });

  it('adds none to a message that names one', () => {
    expect(withNextCommand('pool-not-found', 'none. See: plat get ippools', {})).toBe('none. See: plat get ippools');
  });

  it('is applied to whatever the library refuses', () => {
    expect(failureOf(new IpamError('no-free-address', 'all is taken.'), 'plat --help')).toMatchObject({
      message: 'all is taken. Next: plat ipam show',
      exitCode: 1,
    });
  });
});

describe('a refusal names the next command', () => {
  const { ok, refused } = useSession();

  it.each([
    ['an address that is held', 'ipam assign --ip 10.0.0.1 --host a --handle other', 'plat ipam release --ip 10.0.0.1'],
    ['an address in no pool', 'ipam assign --ip 192.0.2.1 --host a --handle other', 'plat get ippools'],
    ['a pool that is not there', 'ipam auto-assign --host a --pool none', 'plat get ippools'],
    ['a pool that overlaps', 'create ippool q --cidr 10.0.0.0/25', 'plat get ippools'],
    ['a node that is there', 'create node a', 'plat get node a'],
    ['a node that is not there', 'get node none', 'plat get nodes'],
  ])('%s', async (_what, line, command) => {
    await ok('create ippool p --cidr 10.0.0.0/24');
    await ok('ipam assign --ip 10.0.0.1 --host a --handle h');
    expect(await refused(line)).toContain(command);
  });

  it.each(['--strictaffinity=false', '--ip-cooldown-seconds=-1', '--ip-cooldown-seconds=-1 --dry-run'])(
    'ipam configure %s',
    async (options) => {
      await ok('ipam configure --strictaffinity=true --max-blocks-per-host=4');
      expect(await refused(`ipam configure ${options}`)).toMatch(/plat ipam configure show\n$/);
    },
  );
});
