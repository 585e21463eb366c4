import { describe, expect, it } from 'vitest';
import { poolSpecMembers, readPoolSpec, withDefaults } from '../../src/core/pool-spec.ts';
import { jsonObject } from '../support/records.ts';

const DEFAULTS = {
  vxlanMode: 'Never',
  ipipMode: 'Never',
  natOutgoing: false,
  disabled: false,
  disableBGPExport: false,
  nodeSelector: 'all()',
  namespaceSelector: '',
  allowedUses: ['Workload', 'Tunnel'],
  assignmentMode: 'Automatic',
};

describe('withDefaults', () => {
  it('PV-05 fills in every default, by family', () => {
    expect(withDefaults({ cidr: '10.0.0.0/24' })).toEqual({ cidr: '10.0.0.0/24', blockSize: 26, ...DEFAULTS });
    expect(withDefaults({ cidr: 'fd00::/64' })).toEqual({ cidr: 'fd00::/64', blockSize: 122, ...DEFAULTS });
  });

  it('PV-09 writes the CIDR canonically, and leaves what it would have to change', () => {
    expect(withDefaults({ cidr: 'FD00:0::/120' }).cidr).toBe('fd00::/120');
    expect(withDefaults({ cidr: '10.0.0.1/24' }).cidr).toBe('10.0.0.1/24');
    expect(withDefaults({ cidr: 'nonsense' }).cidr).toBe('nonsense');
  });
});

describe('poolSpecMembers', () => {
  it('data model §7.1: writes Calico’s order and omits what Go omits', () => {
    const spec = withDefaults({ cidr: '1.2.3.0/24' });
    expect([...poolSpecMembers(spec)]).toEqual([
      ['cidr', '1.2.3.0/24'],
      ['vxlanMode', 'Never'],
      ['ipipMode', 'Never'],
      ['blockSize', 26],
      ['nodeSelector', 'all()'],
      ['allowedUses', ['Workload', 'Tunnel']],
      ['assignmentMode', 'Automatic'],
    ]);
  });

  it('data model §7.1: writes every member that is set, in order', () => {
    const spec = withDefaults({
      cidr: '5.0.0.0/24',
      assignmentMode: 'Manual',
      allowedUses: ['Workload'],
      namespaceSelector: "a == 'b'",
      nodeSelector: 'has(x)',
      blockSize: 28,
      disableBGPExport: true,
      disabled: true,
      natOutgoing: true,
      ipipMode: 'Always',
    });
    expect([...poolSpecMembers(spec).keys()]).toEqual([
      'cidr',
      'vxlanMode',
      'ipipMode',
      'natOutgoing',
      'disabled',
      'disableBGPExport',
      'blockSize',
      'nodeSelector',
      'namespaceSelector',
      'allowedUses',
      'assignmentMode',
    ]);
  });

  it('I10 keeps members it does not know, and no second spelling of one it knows', () => {
    const stored = jsonObject({ BlockSize: 30, awsSubnetID: 'subnet-1', cidr: '9.9.9.0/24', future: jsonObject({ a: 1 }) });
    const written = poolSpecMembers(withDefaults({ cidr: '1.2.3.0/24' }), stored);
    expect([...written].slice(-2)).toEqual([
      ['awsSubnetID', 'subnet-1'],
      ['future', jsonObject({ a: 1 })],
    ]);
    expect(written.get('cidr')).toBe('1.2.3.0/24');
    expect([...written.keys()].filter((name) => name.toLowerCase() === 'blocksize')).toEqual(['blockSize']);
  });
});

describe('readPoolSpec', () => {
  it('gives back what was written', () => {
    const spec = withDefaults({
      cidr: '5.0.0.0/24',
      allowedUses: ['LoadBalancer'],
      blockSize: 28,
      disableBGPExport: true,
      vxlanMode: 'CrossSubnet',
      namespaceSelector: 'has(a)',
    });
    expect(readPoolSpec(jsonObject({ spec: poolSpecMembers(spec) }))).toEqual(spec);
  });

  it('PL-07 applies defaults to what is missing and keeps host bits', () => {
    const minimal = jsonObject({ metadata: jsonObject({ name: 'p' }), spec: jsonObject({ cidr: '10.0.0.1/24' }) });
    expect(readPoolSpec(minimal)).toEqual({ cidr: '10.0.0.1/24', blockSize: 26, ...DEFAULTS });
    expect(readPoolSpec(jsonObject({}))).toMatchObject({ cidr: '', blockSize: 26 });
  });

  it('data model §1.4: reads member names without regard to case, null as absent', () => {
    const spec = jsonObject({ CIDR: '10.0.0.0/24', blocksize: 28, disabled: null, nodeSelector: 7 });
    expect(readPoolSpec(jsonObject({ spec }))).toEqual({ cidr: '10.0.0.0/24', ...DEFAULTS, blockSize: 28 });
  });
});
