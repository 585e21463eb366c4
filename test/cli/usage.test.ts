import { describe, expect, it } from 'vitest';
import { runLine } from './session.ts';

const COMMANDS = [
  'create ippool',
  'create ipreservation',
  'create node',
  'apply',
  'replace',
  'patch ippool',
  'patch ipreservation',
  'patch node',
  'patch ipamconfig',
  'get ippool',
  'get ipreservation',
  'get node',
  'get ipamconfig',
  'describe ippool',
  'describe ipreservation',
  'describe node',
  'describe ipamconfig',
  'delete ippool',
  'delete ipreservation',
  'delete node',
  'ipam assign',
  'ipam auto-assign',
  'ipam release',
  'ipam check',
  'ipam repair',
  'ipam gc',
  'ipam show',
  'cni install',
  'cni uninstall',
  'ipam configure',
  'ipam split',
  'node remove',
  'node drain',
  'why',
  'why-not',
  'dump',
  'load',
  'demo',
  'config view',
  'completion',
];

describe('plat --help', () => {
  it.each(['', 'create', 'patch', 'get', 'describe', 'delete', 'ipam', 'node', 'cni', 'config', ...COMMANDS])(
    'plat %s --help has usage, the global options and examples',
    async (command) => {
      const { code, stdout, stderr } = await runLine([...command.split(' ').filter(Boolean), '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: plat ${command}`));
      expect(stdout).toMatch(/--store <url>/);
      expect(stdout).toMatch(/--output <format>/);
      expect(stdout).toMatch(/\nExamples?:\n {2}plat /);
    },
  );

  it('lists every command of the grammar', async () => {
    for (const command of COMMANDS.filter((name) => name.includes(' '))) {
      const [group = '', name = ''] = command.split(' ');
      expect((await runLine([group, '--help'])).stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
  });

  it('names the variables that choose and open a store, and the exit codes', async () => {
    const { stdout } = await runLine(['--help']);
    const variables = ['CA_CERT_FILE', 'CERT_FILE', 'ENDPOINTS', 'KEY_FILE', 'PASSWORD', 'USERNAME'].map((name) => `ETCD_${name}`);
    expect([...new Set(stdout.match(/\bETCD_\w+/g))].sort()).toEqual(variables);
    expect(stdout).toMatch(/PLAT_STORE/);
    expect(stdout).toMatch(/Exit codes: 0 .* 1 .* 2 .* 130 interrupted/);
  });

  it('plat help COMMAND is the same', async () => {
    const [byWord, byFlag] = await Promise.all([runLine(['help', 'ipam', 'show']), runLine(['ipam', 'show', '--help'])]);
    expect(byWord).toEqual(byFlag);
  });

  it('is shown on stderr, with exit code 2, when no command is named', async () => {
    const { code, stdout, stderr } = await runLine(['ipam']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: plat ipam/);
  });
});

describe('plat --version', () => {
  it('prints the version and nothing else', async () => {
    expect(await runLine(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
  });
});

describe('a wrong command line', () => {
  it.each([
    ['an unknown command', 'creat ippool', /unknown command 'creat'\. Did you mean create\? See: plat --help/],
    ['an unknown sub-command', 'ipam auto-asign', /unknown command 'auto-asign'\. Did you mean auto-assign\? See: plat ipam --help/],
    ['an unknown command with words of others', '--store x label node n1 a=b', /unknown command 'label'\. See: plat --help/],
    [
      'an unknown option',
      'ipam show --show-block',
      /unknown option '--show-block'\. Did you mean --show-blocks\? See: plat ipam show --help/,
    ],
    ['a missing argument', 'create ippool --cidr 10.0.0.0/24', /missing required argument 'name'\. See: plat create ippool --help/],
    ['a missing option', 'ipam assign --handle h', /required option '--ip <address>' not specified\. See: plat ipam assign --help/],
    ['a word too many', 'create node a b', /too many arguments.*See: plat create node --help/],
    ['a bad number', 'ipam auto-assign --num4 many', /'--num4 <count>' argument 'many' is invalid\. Expected a whole number/],
    ['no address wanted', 'ipam auto-assign --num4 0', /no address is asked for\. Give --num4 or --num6 of 1 or more/],
    ['a bad pair', 'create node n --label rack', /argument 'rack' is invalid\. Expected key=value/],
    ['a bad choice', 'create ippool p --cidr 10.0.0.0/24 --allowed-uses Work', /Expected Workload or Tunnel or LoadBalancer/],
    ['a bad format', '-o xml get nodes', /--output is 'xml'; expected is table, wide, json, yaml, name, jsonpath=/],
    ['options that exclude each other', 'ipam release --ip 10.0.0.1 --handle h', /cannot be used with option '--handle/],
    ['nothing to release', 'ipam release', /Give --ip ADDRESS, once or more, or --handle ID/],
  ])('%s: one line on stderr that says what was wrong and what is expected, exit code 2', async (_case, line, message) => {
    const { code, stdout, stderr } = await runLine(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^plat: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it.each([['-o json'], ['-ojson'], ['--output json'], ['--output=json']])('with %s is told as a JSON object', async (format) => {
    const { code, stderr } = await runLine([...format.split(' '), 'ipam', 'auto-asign']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'usage', message: expect.stringContaining('auto-asign'), details: {} } });
  });
});
