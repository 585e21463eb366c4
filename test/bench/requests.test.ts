import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureClaims } from '../../bench/claims.ts';
import { overspent, ROOMY_CLAIMS } from '../../bench/figures.ts';
import type { Measured } from '../../bench/request-bench.ts';
import { measureRequests } from '../../bench/requests.ts';
import { type EtcdServers, startEtcd } from '../support/etcd.ts';

/** 10,000 blocks of 20 KB are written first. */
const CLAIMS_TIMEOUT_MS = 300_000;

let etcd: EtcdServers;
beforeEach(async () => {
  etcd = await startEtcd();
});
afterEach(() => etcd.stop());

const endpoint = () => etcd.endpoints[0] ?? '';

function overspending(measured: readonly Measured[]): Record<string, string[]> {
  const found = measured.map(({ operation: { title, budget }, cost }) => [title, overspent(cost, budget)] as const);
  return Object.fromEntries(found.filter(([, problems]) => problems.length > 0));
}

describe('requests to etcd, by its own metrics', () => {
  it('I9 stay within the budget of each operation', async () => {
    const measured = await measureRequests(endpoint());
    expect(measured.every(({ cost }) => cost.requests > 0 && cost.receivedBytes > 0)).toBe(true);
    expect(overspending(measured)).toEqual({});
  });

  it(
    'I9 of a new block are the same with 10,000 full blocks of others as with none, and within the budget',
    async () => {
      const measured = await measureClaims(endpoint(), ROOMY_CLAIMS);
      expect(overspending(measured)).toEqual({});
      const typical = measured.map((each) => each.typical.requests);
      expect(typical).toEqual(typical.map(() => typical[0]));
    },
    CLAIMS_TIMEOUT_MS,
  );
});
