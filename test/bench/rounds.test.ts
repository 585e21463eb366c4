import { describe, expect, it } from 'vitest';
import { alternate, type Contender, type Pass, runPass, Series } from '../../bench/rounds.ts';

const pass = (latenciesMs: number[], wallMs: number, cpuMs: number): Pass => ({ latenciesMs, wallMs, cpuMs });

describe('Series', () => {
  it('takes latencies over all rounds, throughput and CPU time of the median round', () => {
    const series = new Series();
    series.add([pass([1, 1], 10, 2)]);
    series.add([pass([2, 2], 20, 4), pass([2, 2], 20, 4)]);
    series.add([pass([9, 9], 1_000, 20)]);
    expect(series.summary()).toEqual({ p50Ms: 2, p99Ms: 9, perSecond: 100, cpuMicroseconds: 2_000, operations: 8 });
  });

  it('compares with another round by round, so that a slow round of both does not count', () => {
    const [ours, raw] = [new Series(), new Series()];
    for (const slowness of [1, 50, 1]) {
      ours.add([pass([3 * slowness], 3 * slowness, 1)]);
      raw.add([pass([slowness], slowness, 1)]);
    }
    expect(ours.ratio(raw, 'p50Ms')).toBe(3);
    expect(ours.ratio(raw, 'perSecond')).toBeCloseTo(1 / 3);
  });
});

describe('alternate', () => {
  it('leaves the first round out and lets another contender begin each round', async () => {
    const order: string[] = [];
    const contender = (name: string): Contender => ({
      turn: async () => {
        order.push(name);
        return { [name]: [pass([order.length], 1, 1)] };
      },
    });
    const series = await alternate([contender('a'), contender('b')], 2);
    expect(order.join('')).toBe('abbaab');
    expect(series.get('a')?.summary().operations).toBe(2);
    expect(series.get('b')?.summary().operations).toBe(2);
  });
});

describe('runPass', () => {
  it('runs workers side by side, each one operation after the other', async () => {
    const running = { now: 0, most: 0 };
    const seen: string[] = [];
    const worker = (name: string) => async (index: number) => {
      running.most = Math.max(running.most, ++running.now);
      await Promise.resolve();
      seen.push(`${name}${index}`);
      running.now--;
    };
    const { latenciesMs } = await runPass([worker('a'), worker('b')], 2);
    expect(latenciesMs).toHaveLength(4);
    expect(running.most).toBe(2);
    expect(seen.toSorted()).toEqual(['a0', 'a1', 'b0', 'b1']);
  });
});
