import { describe, expect, it } from 'vitest';
import { REFS, read, reasonOf, rewritten } from '../support/codec.ts';
import { cidr } from '../support/records.ts';

describe('pools', () => {
  const pool = (spec: object, others: object = {}) => read(REFS.pool, JSON.stringify({ metadata: { name: 'other' }, spec, ...others }));

  it('have the defaults of data model §7.1, and the name of their key', () => {
    expect(pool({ cidr: '10.0.0.0/24' })).toMatchObject({
      name: 'p',
      cidr: cidr('10.0.0.0/24'),
      blockSize: 26,
      disabled: false,
      nodeSelector: 'all()',
      namespaceSelector: '',
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
    });
    expect(pool({ cidr: 'fd00::/64', blockSize: 0, nodeSelector: '', allowedUses: null, assignmentMode: null })).toMatchObject({
      blockSize: 122,
      nodeSelector: 'all()',
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
    });
  });

  it('PL-07 may carry host bits; text that is no network gives a pool without one', () => {
    expect(pool({ cidr: '10.0.0.1/24' })).toMatchObject({ cidr: cidr('10.0.0.0/24'), cidrText: '10.0.0.1/24' });
    expect(pool({ cidr: '10/8' })).toMatchObject({ cidr: undefined, cidrText: '10/8', blockSize: 26 });
    expect(pool({})).toMatchObject({ cidr: undefined, cidrText: '' });
  });

  it.each([
    ['disabled', { disabled: true }, {}, true],
    ['being deleted', {}, { metadata: { deletionTimestamp: '2026-08-22T06:00:00Z' } }, true],
    ['deletionTimestamp null', {}, { metadata: { deletionTimestamp: null } }, false],
    [
      'Allocatable False',
      {},
      {
        status: {
          conditions: [
            { type: 'Ready', status: 'True' },
            { type: 'Allocatable', status: 'False' },
          ],
        },
      },
      true,
    ],
    ['Allocatable Unknown', {}, { status: { conditions: [{ type: 'Allocatable', status: 'Unknown' }] } }, false],
    ['another condition False', {}, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, false],
    ['no status', {}, { status: null, metadata: null }, false],
  ])('PL-23 %s', (_form, spec, others, disabled) => {
    expect(pool({ cidr: '10.0.0.0/24', ...spec }, others).disabled).toBe(disabled);
  });

  it('unknown uses allow nothing, an unknown assignment mode is not automatic', () => {
    expect(pool({ cidr: '10.0.0.0/24', allowedUses: ['Future'], assignmentMode: 'Future' })).toMatchObject({
      allowedUses: [],
      assignmentMode: 'Manual',
    });
    expect(pool({ cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer', 'Future'] }).allowedUses).toEqual(['LoadBalancer']);
  });

  it('are rewritten as stored, whatever their members, order and numbers', () => {
    const stored = '{"spec":{"future":1.0,"cidr":"10.0.0.1/24","BlockSize":30},"kind":"IPPool","metadata":{"creationTimestamp":null}}';
    expect(read(REFS.pool, stored).blockSize).toBe(30);
    expect(rewritten(REFS.pool, stored)).toBe(stored);
  });

  it.each([
    ['{"spec":"x"}', 'spec is not an object'],
    ['{"spec":{"cidr":1}}', 'spec.cidr is not a string'],
    ['{"spec":{"cidr":"10.0.0.0/24","blockSize":"26"}}', 'spec.blockSize is not an integer'],
    ['{"spec":{"cidr":"10.0.0.0/8","blockSize":19}}', 'spec.blockSize is not between 20 and 32'],
    ['{"spec":{"cidr":"fd00::/64","blockSize":26}}', 'spec.blockSize is not between 116 and 128'],
    ['{"spec":{"allowedUses":["Workload",1]}}', 'spec.allowedUses is not a string'],
    ['{"status":{"conditions":[{"type":1}]}}', 'status.conditions[0].type is not a string'],
  ])('%s is corrupt: %s', (stored, reason) => {
    expect(reasonOf(REFS.pool, stored)).toBe(reason);
  });
});

describe('reservations', () => {
  it.each([
    [
      ['10.0.0.0/24', '10.1.0.1', 'fd00::1'],
      ['10.0.0.0/24', '10.1.0.1/32', 'fd00::1/128'],
    ],
    [[' 10.0.0.0/24 '], ['10.0.0.0/24']],
    [['', '   ', 'not-a-cidr', '10.0.0.0/33', '10.0.0.0/24', null], ['10.0.0.0/24']],
    [['10.0.0.1/24'], ['10.0.0.0/24']],
    [[], []],
  ])('BM-11 %j reserves %j', (reservedCIDRs, expected) => {
    const stored = JSON.stringify({ metadata: { name: 'r' }, spec: { reservedCIDRs } });
    expect(read(REFS.reservation, stored).cidrs.map((network) => network.text)).toEqual(expected);
    expect(rewritten(REFS.reservation, stored)).toBe(stored);
  });

  it('without spec reserve nothing', () => {
    expect(read(REFS.reservation, '{}').cidrs).toEqual([]);
  });
});

describe('nodes', () => {
  it('a node may be {} (data model §7.3); of others the labels are read', () => {
    expect(read(REFS.node, '{}')).toMatchObject({ name: 'n', labels: {} });
    expect(read(REFS.node, '{"metadata":{"labels":{"rack":"r1","empty":null}}}').labels).toEqual({ rack: 'r1', empty: '' });
    expect(read(REFS.node, '{"metadata":{"labels":null}}').labels).toEqual({});
    expect(reasonOf(REFS.node, '{"metadata":{"labels":{"rack":1}}}')).toBe('metadata.labels.rack is not a string');
  });

  it('a label named __proto__ is a label like any other', () => {
    const { labels } = read(REFS.node, '{"metadata":{"labels":{"__proto__":"x"}}}');
    expect(Object.entries(labels)).toEqual([['__proto__', 'x']]);
  });
});
