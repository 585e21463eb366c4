import { describe, expect, it } from 'vitest';
import { isSameCidr, poolChangeViolations, poolViolations } from '../../src/core/pool-rules.ts';
import type { PoolSpecInput } from '../../src/core/pool-spec.ts';
import type { Pool } from '../../src/core/records.ts';
import { cidr, pool } from '../support/records.ts';

const RANGE = 'blockSize must be between 20 and 32 for IPv4 pools, and between 116 and 128 for IPv6 pools';
const TOO_SMALL = 'IP pool size is too small. It must be equal to or greater than the block size.';

const existing = [pool('ippool1', '1.2.3.0/24'), pool('ippool6', 'fd00:1::/64')];

function created(name: string, spec: PoolSpecInput, blocks: string[] = []) {
  return poolViolations({ name, spec }, existing, blocks.map(cidr));
}

function messages(spec: PoolSpecInput, blocks: string[] = []): string[] {
  return created('n', spec, blocks).map(({ message }) => message);
}

/** A spec that a caller without types may send. */
function loose(spec: Record<string, unknown>): PoolSpecInput {
  return spec as unknown as PoolSpecInput;
}

describe('creation', () => {
  it.each<[string, PoolSpecInput]>([
    ['IPv4 with defaults', { cidr: '10.0.0.0/24' }],
    ['block size 20', { cidr: '2.0.0.0/16', blockSize: 20 }],
    ['one address', { cidr: '2.1.0.0/32', blockSize: 32 }],
    ['IPv6 block size 116', { cidr: 'fd00::/112', blockSize: 116 }],
    ['one IPv6 block', { cidr: 'fd02::/122' }],
    ['long spelling', { cidr: 'FD00:0:0:5::/64', blockSize: 122 }],
    ['loopback', { cidr: '127.0.0.0/24' }],
    ['load balancer', { cidr: '3.0.0.0/24', allowedUses: ['LoadBalancer'] }],
    ['namespace selector for workloads', { cidr: '5.0.0.0/24', namespaceSelector: "a == 'b'", allowedUses: ['Workload'] }],
    ['too small but disabled', { cidr: '10.0.0.0/28', disabled: true }],
    ['IPIP', { cidr: '10.0.0.0/24', ipipMode: 'CrossSubnet' }],
    ['VXLAN on IPv6', { cidr: 'fd00::/112', vxlanMode: 'Always' }],
    ['beside another pool', { cidr: '1.2.4.0/24', blockSize: 29 }],
    [
      'empty members',
      loose({ cidr: '10.0.0.0/24', blockSize: 0, nodeSelector: '', ipipMode: '', vxlanMode: '', allowedUses: [], assignmentMode: '' }),
    ],
  ])('PV-02, PV-04, PV-05 accept %s', (_, spec) => {
    expect(created('n', spec, ['1.2.4.0/29'])).toEqual([]);
  });

  it.each(['1.2.3.0/24', '1.2.0.0/16', '1.2.3.128/25'])('PV-02 refuses the overlapping %s', (text) => {
    expect(created('n', { cidr: text })).toEqual([
      { field: 'spec.cidr', value: text, rule: 'cidr-overlap', message: 'IPPool(n) CIDR overlaps with IPPool(ippool1) CIDR 1.2.3.0/24' },
    ]);
  });

  it('PV-02 names every pool that is overlapped, skips its own name and what is no network', () => {
    const pools: Pool[] = [pool('a', '10.0.0.0/25'), pool('b', '10.0.0.200/26'), pool('c', '10.0.0.0/33'), pool('n', '10.0.0.0/24')];
    const found = poolViolations({ name: 'n', spec: { cidr: '10.0.0.0/24' } }, pools);
    expect(found.map(({ message }) => message)).toEqual([
      'IPPool(n) CIDR overlaps with IPPool(a) CIDR 10.0.0.0/25',
      'IPPool(n) CIDR overlaps with IPPool(b) CIDR 10.0.0.200/26',
    ]);
  });

  it('PV-02 lists everything that is wrong at once', () => {
    expect(created('n', { cidr: '1.2.3.8/31' }).map(({ rule }) => rule)).toEqual(['pool-too-small', 'cidr-overlap']);
    expect(messages({ cidr: '10.1.0.0/28', blockSize: 19 })).toEqual([RANGE, TOO_SMALL]);
  });

  it.each<[PoolSpecInput, string, string | undefined, string]>([
    [{ cidr: '' }, 'spec.cidr', undefined, 'IPPool CIDR must be specified'],
    [{ cidr: '1.2.3' }, 'spec.cidr', '1.2.3', 'IPPool CIDR must be a valid subnet'],
    [{ cidr: '10.0.0.0/33' }, 'spec.cidr', '10.0.0.0/33', 'IPPool CIDR must be a valid subnet'],
    [{ cidr: '10.0.0.1/24' }, 'spec.cidr', '10.0.0.1/24', 'IPPool CIDR is not strictly masked (the network is 10.0.0.0/24)'],
    [{ cidr: '2.0.0.0/16', blockSize: 19 }, 'spec.blockSize', '19', RANGE],
    [{ cidr: '2.0.0.0/24', blockSize: 33 }, 'spec.blockSize', '33', RANGE],
    [{ cidr: '2.0.0.0/24', blockSize: 26.5 }, 'spec.blockSize', '26.5', RANGE],
    [{ cidr: 'fd00::/64', blockSize: 115 }, 'spec.blockSize', '115', RANGE],
    [{ cidr: 'fd01::/120', blockSize: 129 }, 'spec.blockSize', '129', RANGE],
    [{ cidr: 'fd03::/123' }, 'spec.cidr', 'fd03::/123', TOO_SMALL],
    [{ cidr: '10.1.0.0/31', blockSize: 30 }, 'spec.cidr', '10.1.0.0/31', TOO_SMALL],
    [
      loose({ cidr: '4.0.0.0/24', assignmentMode: 'Sometimes' }),
      'spec.assignmentMode',
      'Sometimes',
      'supported values: "Automatic", "Manual"',
    ],
    [loose({ cidr: '4.0.0.0/24', vxlanMode: 'always' }), 'spec.vxlanMode', 'always', 'supported values: "Never", "Always", "CrossSubnet"'],
    [
      loose({ cidr: '4.0.0.0/24', allowedUses: ['Workload', 'Host'] }),
      'spec.allowedUses[1]',
      'Host',
      'supported values: "Workload", "Tunnel", "LoadBalancer"',
    ],
    [
      { cidr: '4.0.0.0/24', namespaceSelector: "a == 'b'" },
      'spec.namespaceSelector',
      "a == 'b'",
      'IP Pool with AllowedUse Tunnel cannot have namespaceSelector',
    ],
    [{ cidr: '169.254.0.0/24' }, 'spec.cidr', '169.254.0.0/24', 'IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16'],
    [{ cidr: '168.0.0.0/7' }, 'spec.cidr', '168.0.0.0/7', 'IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16'],
    [{ cidr: 'febf::/64' }, 'spec.cidr', 'febf::/64', 'IPPool CIDR overlaps with IPv6 link local range fe80::/10'],
    [
      { cidr: '7.0.0.0/24', ipipMode: 'Always', vxlanMode: 'Always' },
      'spec.ipipMode',
      'Always',
      'ipipMode and vxlanMode cannot both be enabled',
    ],
    [{ cidr: 'fd09::/120', ipipMode: 'Always' }, 'spec.ipipMode', 'Always', 'IPIP is not supported on IPv6 pools'],
    [
      { cidr: '4.0.0.0/24', nodeSelector: 'global()' },
      'spec.nodeSelector',
      'global()',
      'global() selector is not valid for IPPool nodeSelector',
    ],
    [
      { cidr: '4.0.0.0/24', namespaceSelector: 'has(a) || global()', allowedUses: ['Workload'] },
      'spec.namespaceSelector',
      'has(a) || global()',
      'global() selector is not valid for IPPool namespaceSelector',
    ],
    [
      { cidr: '4.0.0.0/24', allowedUses: ['LoadBalancer', 'Workload'] },
      'spec.allowedUses',
      '[LoadBalancer Workload]',
      'LoadBalancer cannot be combined with Workload or Tunnel allowed uses',
    ],
    [
      { cidr: '4.0.0.0/24', allowedUses: ['LoadBalancer'], nodeSelector: "a == 'b'" },
      'spec.nodeSelector',
      "a == 'b'",
      'IP Pool with AllowedUse LoadBalancer must have nodeSelector set to all()',
    ],
    [
      { cidr: '4.0.0.0/24', allowedUses: ['LoadBalancer'], disableBGPExport: true },
      'spec.disableBGPExport',
      'true',
      'LoadBalancer IP pools cannot disable BGP export',
    ],
    [
      { cidr: '4.0.0.0/24', allowedUses: ['LoadBalancer'], vxlanMode: 'Always' },
      'spec.vxlanMode',
      'Always',
      'LoadBalancer IP pool cannot have IPIP or VXLAN enabled',
    ],
  ])('PV-02, PV-08, PV-09 refuse %o', (spec, field, value, message) => {
    expect(created('n', spec)).toMatchObject([{ field, value, message }]);
  });

  it('PL-11 refuses selectors that cannot be read', () => {
    expect(created('n', { cidr: '4.0.0.0/24', nodeSelector: 'region === "east"' })).toMatchObject([
      { field: 'spec.nodeSelector', value: 'region === "east"', rule: 'selector-invalid', message: expect.stringContaining('expected ==') },
    ]);
  });

  it('PV-02 refuses names that are no DNS subdomain', () => {
    expect(created('Upper', { cidr: '6.0.0.0/24' })).toMatchObject([{ field: 'metadata.name', value: 'Upper', rule: 'name-invalid' }]);
    expect(created('', { cidr: '6.0.0.0/24' })).toMatchObject([
      { rule: 'name-missing', message: 'field must be set for a Create request' },
    ]);
  });

  it('PV-03, PV-11 refuse another block size than that of any block in or around the network', () => {
    const conflict = 'IPPool blocksSize conflicts with existing allocations that use a different blockSize';
    expect(messages({ cidr: '1.2.4.0/26', blockSize: 28 }, ['1.2.4.0/26'])).toEqual([conflict]);
    expect(messages({ cidr: '1.2.4.0/23', blockSize: 28 }, ['1.2.4.0/26', '1.2.5.0/28'])).toEqual([conflict]);
    expect(messages({ cidr: '1.2.4.0/28', blockSize: 28 }, ['1.2.4.0/26'])).toEqual([conflict]);
    expect(messages({ cidr: '1.2.4.0/26', blockSize: 26 }, ['1.2.4.0/26'])).toEqual([]);
    expect(messages({ cidr: '1.2.4.0/26', blockSize: 28 }, ['1.2.4.64/26', 'fd00::/122'])).toEqual([]);
  });
});

describe('change', () => {
  const old = pool('ippool1', '1.2.3.0/24');

  it('PV-02 keeps network and block size', () => {
    expect(poolChangeViolations(old, { cidr: '1.2.4.0/24', blockSize: 25 })).toEqual([
      { field: 'spec.cidr', value: '1.2.4.0/24', rule: 'cidr-immutable', message: 'IPPool CIDR cannot be modified' },
      { field: 'spec.blockSize', value: '25', rule: 'block-size-immutable', message: 'IPPool BlockSize cannot be modified' },
    ]);
  });

  it('PV-04 lets everything else change', () => {
    expect(
      poolChangeViolations(old, {
        cidr: '1.2.3.0/24',
        natOutgoing: true,
        disabled: true,
        nodeSelector: 'has(a)',
        assignmentMode: 'Manual',
      }),
    ).toEqual([]);
  });

  it('PV-09 lets a pool become one for load balancers, not back', () => {
    const balancer = pool('lb', '3.0.0.0/24', { allowedUses: ['LoadBalancer'] });
    expect(poolChangeViolations(old, { cidr: '1.2.3.0/24', allowedUses: ['LoadBalancer'] })).toEqual([]);
    expect(poolChangeViolations(balancer, { cidr: '3.0.0.0/24', allowedUses: ['Workload'] })).toEqual([
      {
        field: 'spec.allowedUses',
        value: '[Workload]',
        rule: 'load-balancer-immutable',
        message: 'IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel',
      },
    ]);
  });

  it('PV-09 refuses an old network with host bits until it is written canonically', () => {
    const ancient = pool('ancient', '10.0.0.1/24');
    expect(poolChangeViolations(ancient, { cidr: '10.0.0.1/24', disabled: true })).toMatchObject([
      { rule: 'cidr-not-masked', value: '10.0.0.1/24' },
    ]);
    expect(poolChangeViolations(ancient, { cidr: '10.0.0.0/24', disabled: true })).toEqual([]);
  });

  it('PV-09 accepts another spelling of the same network', () => {
    expect(poolChangeViolations(pool('six', '2001:db8::/64', { blockSize: 122 }), { cidr: '2001:0DB8:0:0::/64' })).toEqual([]);
  });

  it.each<[string, string, boolean]>([
    ['10.0.0.0/24', '10.0.0.0/24', true],
    ['2001:cafe:42::00/56', '2001:cafe:42::/56', true],
    ['2001:CAFE:42::/56', '2001:cafe:42::/56', true],
    ['2001:0db8:0000:0000::/64', '2001:db8::/64', true],
    ['2001:cafe:42:0000::/56', '2001:cafe:42::/56', true],
    ['2001:cafe:42::/56', '2001:cafe:42:0000:00::/56', false],
    ['2001:cafe:42:0:0:0:0:0/56', '2001:cafe:42:0000:00::/56', false],
    ['2001:db8::/32', '2001:0db8::/32', false],
    ['2001:cafe:42::/56', '2001:cafe:42:0:0::/56', false],
    ['2001:cafe:42::/56', '2001:cafe:42:0:0:0:0:0/56', false],
    ['2001:cafe:::bad/56', '2001:cafe::/56', false],
    ['fd00::/48', 'fd00:1::/48', false],
  ])('data model §7.1: %s may become %s: %s', (stored, next, expected) => {
    expect(isSameCidr(stored, next)).toBe(expected);
  });
});
