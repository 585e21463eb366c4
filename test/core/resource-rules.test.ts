import { describe, expect, it } from 'vitest';
import { nameViolations, reservationViolations } from '../../src/core/resource-rules.ts';

describe('nameViolations', () => {
  it.each(['p', 'default-ipv4-ippool', 'a.b-c.d1', '0', 'x'.repeat(253)])('PV-02 accepts the name %s', (name) => {
    expect(nameViolations(name)).toEqual([]);
  });

  it.each(['Upper', 'a_b', 'a/b', '-a', 'a-', '.a', 'a..b', 'a b', 'ü', 'a\n', 'x'.repeat(254)])('PV-02 refuses the name %j', (name) => {
    expect(nameViolations(name)).toMatchObject([{ field: 'metadata.name', value: name, rule: 'name-invalid' }]);
  });

  it('PV-02 gives Calico’s text', () => {
    expect(nameViolations('Upper')[0]?.message).toBe(
      "name must consist of lower case alphanumeric characters, '-' or '.' " +
        '(regex: [a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)',
    );
    expect(nameViolations('')).toMatchObject([{ rule: 'name-missing', message: 'field must be set for a Create request' }]);
  });
});

describe('reservationViolations', () => {
  it('data model §7.2: takes networks of both families only', () => {
    expect(reservationViolations(['10.0.0.1/32', 'fd00::/126', '10.0.0.5/24'])).toEqual([]);
    expect(reservationViolations([])).toEqual([]);
    expect(reservationViolations(['10.0.0.0/24', '10.0.0.1', 'fd00::1', 'x', ''])).toEqual([
      {
        field: 'spec.reservedCIDRs[1]',
        value: '10.0.0.1',
        rule: 'reserved-cidr-invalid',
        message: 'spec.reservedCIDRs[1] in body must be of type cidr: "10.0.0.1"',
      },
      {
        field: 'spec.reservedCIDRs[2]',
        value: 'fd00::1',
        rule: 'reserved-cidr-invalid',
        message: 'spec.reservedCIDRs[2] in body must be of type cidr: "fd00::1"',
      },
      {
        field: 'spec.reservedCIDRs[3]',
        value: 'x',
        rule: 'reserved-cidr-invalid',
        message: 'spec.reservedCIDRs[3] in body must be of type cidr: "x"',
      },
      {
        field: 'spec.reservedCIDRs[4]',
        value: '',
        rule: 'reserved-cidr-invalid',
        message: 'spec.reservedCIDRs[4] in body must be of type cidr: ""',
      },
    ]);
  });
});
