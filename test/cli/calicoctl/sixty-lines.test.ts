import { describe, expect, it } from 'vitest';
import { etcdStage, lmdbStage, runLine, useSession } from '../session.ts';
import { tableOf } from './tables.ts';

interface Line {
  readonly line: string;
  /** What comes through stdin, for `-f -`. */
  readonly input?: string;
  readonly code?: number;
  readonly out?: RegExp;
  readonly err?: RegExp;
  /** Rows of the table that it prints, in order; each may say less than the table does. */
  readonly rows?: readonly object[];
}

const POOL = (name: string, cidr: string, more = '') =>
  `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: ${name}\nspec:\n  cidr: ${cidr}\n  blockSize: 30\n${more}`;
const RESERVATION =
  'apiVersion: projectcalico.org/v3\nkind: IPReservation\nmetadata:\n  name: gateways\nspec:\n  reservedCIDRs: [10.0.0.0/32]\n';

/** As a script for calicoctl would say them, one after the other; only assigning has no counterpart there. */
const LINES: readonly Line[] = [
  { line: 'get ippool', rows: [] },
  { line: 'get ippools -o wide', rows: [] },
  { line: 'create -f -', input: POOL('p1', '10.0.0.0/28'), out: /^Successfully created 1 'IPPool' resource\(s\)$/m },
  { line: 'create -f -', input: POOL('p1', '10.0.0.0/28'), code: 1, err: /resource already exists: IPPool\(p1\)|p1 .*exists/ },
  { line: 'create -f - --skip-exists', input: POOL('p1', '10.0.0.0/28') },
  { line: 'create -f -', input: POOL('p2', '10.0.0.0/29'), code: 1, err: /overlap/ },
  { line: 'create -f -', input: POOL('p2', '10.0.0.0/33'), code: 1, err: /10\.0\.0\.0\/33/ },
  { line: 'create -f -', input: 'kind: Nonsense\napiVersion: projectcalico.org/v3\nmetadata: {name: x}\n', code: 1, err: /Nonsense/ },
  {
    line: 'apply -f -',
    input: POOL('p2', 'fd00::/124', '  natOutgoing: true\n').replace('30', '126'),
    out: /^Successfully applied 1 'IPPool' resource\(s\)$/m,
  },
  { line: 'apply -f -', input: RESERVATION, out: /^Successfully applied 1 'IPReservation' resource\(s\)$/m },
  { line: 'apply -f -', input: `${POOL('p3', '10.3.0.0/28')}---\n${RESERVATION}`, out: /^Successfully applied 2 resource\(s\)$/m },
  {
    line: 'replace -f -',
    input: POOL('p3', '10.3.0.0/28', '  disabled: true\n'),
    out: /^Successfully replaced 1 'IPPool' resource\(s\)$/m,
  },
  { line: 'replace -f -', input: POOL('nosuch', '10.4.0.0/28'), code: 1, err: /nosuch/ },
  { line: 'get ippool', rows: [{ NAME: 'p1', CIDR: '10.0.0.0/28' }, { NAME: 'p2' }, { NAME: 'p3', SELECTOR: 'all()' }] },
  { line: 'get pools p1 p2', rows: [{ NAME: 'p1' }, { NAME: 'p2' }] },
  {
    line: 'get ipp -o wide',
    rows: [{ NAME: 'p1', NAT: 'false', DISABLED: 'false', ASSIGNMENTMODE: 'Automatic' }, { NAT: 'true' }, { DISABLED: 'true' }],
  },
  { line: 'get ippool p1 -o yaml', out: /^kind: IPPool$[\s\S]*^ {2}cidr: 10\.0\.0\.0\/28$/m },
  { line: 'get ippool p1 -o json', out: /"name": "p1"/ },
  { line: 'get ippool -o yaml', out: /kind: IPPoolList/ },
  { line: 'get ippool -o custom-columns=NAME,CIDR', rows: [{ NAME: 'p1', CIDR: '10.0.0.0/28' }, { NAME: 'p2' }, { NAME: 'p3' }] },
  { line: 'get ippool nosuch', code: 1, err: /resource does not exist: IPPool\(nosuch\)|nosuch/ },
  // A line that makes no sense has a code of its own.
  { line: 'get nonsense', code: 2, err: /resource type 'nonsense' is not supported/ },
  { line: 'get ipreservation -o wide', rows: [{ NAME: 'gateways', CIDRS: '10.0.0.0/32' }] },
  { line: 'get reservations', rows: [{ NAME: 'gateways' }] },
  { line: 'get nodes', rows: [] },
  { line: 'patch ippool p3 -p {"spec":{"nodeSelector":"has(gpu)"}}', out: /^Successfully patched 1 'IPPool' resource/m },
  { line: 'patch ippool nosuch -p {"spec":{"disabled":true}}', code: 1, err: /nosuch/ },
  {
    line: 'ipam show',
    rows: [{ GROUPING: 'IP Pool', CIDR: '10.0.0.0/28', 'IPS TOTAL': '16', 'IPS RESERVED': '1 (6%)' }, { 'IPS TOTAL': '16' }, {}],
  },
  { line: 'ipam auto-assign --host a --handle one --num4 3 --attr pod=web-1 --attr namespace=shop' },
  { line: 'ipam auto-assign --host b --handle two --num4 4 --num6 1' },
  { line: 'ipam assign --ip 10.0.0.0 --host c --handle three' },
  { line: 'get nodes', rows: [{ NAME: 'a' }, { NAME: 'b' }, { NAME: 'c' }] },
  { line: 'ipam show', rows: [{ 'IPS IN USE': '8 (50%)' }, { 'IPS IN USE': '1 (6%)' }, { 'IPS IN USE': '0 (0%)' }] },
  { line: 'ipam show --show-blocks', out: /\| Block +\| 10\.0\.0\.0\/30 +\| +4 \|/ },
  { line: 'ipam show --show-borrowed', out: /^\| IP .*\| BORROWING-NODE \| BLOCK .*\| BLOCK OWNER \| TYPE \| ALLOCATED-TO/m },
  { line: 'ipam show --ip=10.0.0.0', out: /^IP 10\.0\.0\.0 is in use\nHandle ID: three$/m },
  { line: 'ipam show --ip=10.0.9.9', out: /^10\.0\.9\.9 is not assigned$/ },
  { line: 'ipam show --ip=10.0.9', code: 1, err: /invalid IP address specified: 10\.0\.9/ },
  {
    line: 'ipam show --show-configuration',
    rows: [{ PROPERTY: 'StrictAffinity', VALUE: 'false' }, { VALUE: 'true' }, { VALUE: '0' }, { VALUE: 'Enabled' }, { VALUE: '0' }],
  },
  { line: 'ipam configure --strictaffinity=true', out: /^Successfully set StrictAffinity to: true$/ },
  { line: 'ipam configure --max-blocks-per-host=4', out: /^Successfully set MaxBlocksPerHost to: 4$/ },
  { line: 'ipam configure --strictaffinity=false', code: 1, err: /MaxBlocksPerHost requires StrictAffinity to be enabled/ },
  {
    line: 'ipam configure --strictaffinity=false --max-blocks-per-host=0',
    out: /^Successfully set StrictAffinity to: false\nSuccessfully set MaxBlocksPerHost to: 0$/,
  },
  { line: 'ipam configure --ip-cooldown-seconds=60', out: /^Successfully set IPCooldownSeconds to: 60$/ },
  { line: 'ipam configure', code: 1, err: /at least one configuration option must be specified/ },
  { line: 'ipam release --ip=10.0.0.0', out: /^Successfully released IP address 10\.0\.0\.0$/ },
  { line: 'ipam release --ip=10.0.0.0', code: 1, err: /10\.0\.0\.0 is not assigned/ },
  { line: 'ipam show --ip=10.0.0.0', code: 1, err: /address 10\.0\.0\.0 is in cooldown/ },
  { line: 'ipam configure --ip-cooldown-seconds=0', out: /^Successfully set IPCooldownSeconds to: 0$/ },
  { line: 'ipam check', out: /Found \d+ IPAM blocks\.[\s\S]*Check complete; found \d+ problems?\./ },
  { line: 'ipam check --show-all-ips --show-problem-ips', out: /^ IPAM block 10\.0\.0\.\d+\/30 affinity=host:[abc]:$/m },
  { line: 'ipam split 3 --name p3', code: 1, err: /not a valid power of 2: 3/ },
  { line: 'ipam split 2 --name nosuch', code: 1, err: /unable to find IP pool with name nosuch/ },
  {
    line: 'ipam split 4 --cidr=10.3.0.0/28',
    out: /^IP Pool p3 was successfully split into 4 smaller pools\.\nCreated split-p3-0 with CIDR 10\.3\.0\.0\/30\.$/m,
  },
  { line: 'get ippool split-p3-3 -o wide', rows: [{ CIDR: '10.3.0.12/30', DISABLED: 'true', SELECTOR: 'has(gpu)' }] },
  { line: 'delete ippool split-p3-0', out: /^Successfully deleted 1 'IPPool' resource\(s\)$/m },
  { line: 'delete ippool split-p3-0', code: 1, err: /split-p3-0/ },
  { line: 'delete ippool split-p3-0 --skip-not-exists' },
  { line: 'delete -f -', input: RESERVATION, out: /^Successfully deleted 1 'IPReservation' resource\(s\)$/m },
  { line: 'get ipreservation', rows: [] },
];

describe.each([
  ['LMDB', lmdbStage],
  ['etcd', etcdStage],
])('sixty command lines of a calicoctl script on %s', (_name, openStage) => {
  const session = useSession(openStage);

  it('print what the script expects, and end with its exit codes', async () => {
    expect(LINES.length).toBe(60);
    for (const { line, input = '', code = 0, out, err, rows } of LINES) {
      const run = await runLine(['--store', session.store(), ...line.split(' ')], { readInput: async () => input });
      expect({ line, code: run.code, ...(code === 0 && run.code !== 0 && { stderr: run.stderr }) }).toEqual({ line, code });
      if (out) expect({ line, stdout: run.stdout.trimEnd() }).toEqual({ line, stdout: expect.stringMatching(out) });
      if (err) expect({ line, stdout: run.stdout, stderr: run.stderr }).toEqual({ line, stdout: '', stderr: expect.stringMatching(err) });
      if (rows) expect({ line, rows: tableOf(run.stdout) }).toMatchObject({ line, rows });
    }
  });
});
