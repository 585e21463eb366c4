import { describe, expect, it } from 'vitest';
import { configViolations, DEFAULT_CONFIG, effectiveBlockLimit } from '../../src/core/config.ts';
import type { IpamConfig } from '../../src/core/records.ts';

function violations(changes: Partial<IpamConfig>) {
  return configViolations({ ...DEFAULT_CONFIG, ...changes });
}

describe('defaults and limits', () => {
  it('CF-01 has these settings while nothing is stored', () => {
    expect(DEFAULT_CONFIG).toEqual({
      strictAffinity: false,
      autoAllocateBlocks: true,
      maxBlocksPerHost: 0,
      kubeVirtVMAddressPersistence: 'Enabled',
      ipCooldownSeconds: 0,
      extra: [],
    });
  });

  it.each([
    { cluster: 2, request: 3, limit: 2 },
    { cluster: 3, request: 2, limit: 2 },
    { cluster: 3, request: 0, limit: 3 },
    { cluster: 0, request: 5, limit: 5 },
    { cluster: 0, request: 25, limit: 25 },
    { cluster: 0, request: 0, limit: 20 },
    { cluster: 4, request: -1, limit: -1 },
    { cluster: 0, request: -7, limit: -1 },
    { cluster: -2, request: 0, limit: -1 },
    { cluster: -2, request: 6, limit: 6 },
  ])('MB-01 cluster $cluster and request $request give $limit', ({ cluster, request, limit }) => {
    expect(effectiveBlockLimit(cluster, request)).toBe(limit);
  });
});

describe('configViolations', () => {
  it('CF-02 accepts what may be combined', () => {
    expect(violations({})).toEqual([]);
    expect(violations({ strictAffinity: true, autoAllocateBlocks: false })).toEqual([]);
    expect(
      violations({ strictAffinity: true, maxBlocksPerHost: 4, ipCooldownSeconds: 1200, kubeVirtVMAddressPersistence: undefined }),
    ).toEqual([]);
  });

  it('CF-03 refuses neither strict nor automatic', () => {
    expect(violations({ autoAllocateBlocks: false })).toMatchObject([
      { rule: 'strict-or-auto', message: "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time" },
    ]);
  });

  it('CF-04 refuses a limit without strict affinity', () => {
    expect(violations({ maxBlocksPerHost: 2 })).toMatchObject([
      { rule: 'limit-needs-strict', value: '2', message: 'MaxBlocksPerHost requires StrictAffinity to be enabled' },
    ]);
  });

  it('CF-10 reports CF-03 before CF-04', () => {
    expect(violations({ autoAllocateBlocks: false, maxBlocksPerHost: 2 }).map(({ rule }) => rule)).toEqual([
      'strict-or-auto',
      'limit-needs-strict',
    ]);
  });

  it('CF-07 bounds cooldown and limit', () => {
    for (const ipCooldownSeconds of [-1, 1201, 0.5, Number.NaN])
      expect(violations({ ipCooldownSeconds })).toMatchObject([{ rule: 'cooldown-range' }]);
    for (const maxBlocksPerHost of [1.5, Number.NaN])
      expect(violations({ strictAffinity: true, maxBlocksPerHost })).toMatchObject([{ rule: 'limit-range' }]);
  });

  it('CF-01 knows two values of VM address persistence', () => {
    const kubeVirtVMAddressPersistence = 'enabled' as unknown as 'Enabled';
    expect(violations({ kubeVirtVMAddressPersistence })).toMatchObject([
      { rule: 'unknown-value', message: 'supported values: "Enabled", "Disabled"' },
    ]);
  });
});
