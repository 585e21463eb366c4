/** Contenders measured in turns, so that whatever else the machine does hits all of them alike. */
import { median, percentile } from './statistics.ts';

/** One stretch of work: how long each operation took, and all of them together. */
export interface Pass {
  readonly latenciesMs: readonly number[];
  readonly wallMs: number;
  /** What this process spent on it, in user and system mode. */
  readonly cpuMs: number;
}

/** One turn of a contender: passes by the name of what was measured. */
export type Turn = Readonly<Record<string, readonly Pass[]>>;

export interface Contender {
  turn(): Promise<Turn>;
}

export interface Summary {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** Of this process, for one operation. */
  readonly cpuMicroseconds: number;
  readonly operations: number;
}

/** Everything measured under one name, in the order of rounds. */
export class Series {
  readonly #rounds: Summary[] = [];
  readonly #latenciesMs: number[] = [];

  add(passes: readonly Pass[]): void {
    const latenciesMs = passes.flatMap((pass) => pass.latenciesMs);
    const wallMs = passes.reduce((sum, pass) => sum + pass.wallMs, 0);
    const cpuMs = passes.reduce((sum, pass) => sum + pass.cpuMs, 0);
    const operations = latenciesMs.length;
    this.#rounds.push({
      ...latenciesOf(latenciesMs),
      perSecond: (operations / wallMs) * 1_000,
      cpuMicroseconds: (cpuMs / operations) * 1_000,
      operations,
    });
    this.#latenciesMs.push(...latenciesMs);
  }

  /** Latencies over all rounds; throughput and CPU time are the median round's. */
  summary(): Summary {
    return {
      ...latenciesOf(this.#latenciesMs),
      perSecond: median(this.#rounds.map(({ perSecond }) => perSecond)),
      cpuMicroseconds: median(this.#rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)),
      operations: this.#latenciesMs.length,
    };
  }

  /** Median over rounds of `figure` here to `figure` of the other in the same round. */
  ratio(other: Series, figure: 'p50Ms' | 'perSecond' | 'cpuMicroseconds'): number {
    return median(this.#rounds.map((round, index) => round[figure] / (other.#rounds[index]?.[figure] ?? Number.NaN)));
  }
}

function latenciesOf(latenciesMs: readonly number[]): Pick<Summary, 'p50Ms' | 'p99Ms'> {
  return { p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99) };
}

/** One unmeasured round, then `rounds` measured ones; the contender that begins changes. */
export async function alternate(contenders: readonly Contender[], rounds: number): Promise<ReadonlyMap<string, Series>> {
  const series = new Map<string, Series>();
  for (let round = 0; round <= rounds; round++) {
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const turn = await contender.turn();
      if (round > 0) note(series, turn);
    }
  }
  return series;
}

export function seriesNamed(series: ReadonlyMap<string, Series>, name: string): Series {
  const found = series.get(name);
  if (found === undefined) throw new Error(`nothing was measured as ${name}`);
  return found;
}

function note(series: Map<string, Series>, turn: Turn): void {
  for (const [name, passes] of Object.entries(turn)) {
    const known = series.get(name) ?? new Series();
    known.add(passes);
    series.set(name, known);
  }
}

/** Each worker does its operation `count` times, one after the other, all workers at once. */
export async function runPass(workers: readonly ((index: number) => Promise<void>)[], count: number): Promise<Pass> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  await Promise.all(
    workers.map(async (operation) => {
      for (let index = 0; index < count; index++) {
        const beforeMs = performance.now();
        await operation(index);
        latenciesMs.push(performance.now() - beforeMs);
      }
    }),
  );
  const { user, system } = process.cpuUsage(startCpu);
  return { latenciesMs, wallMs: performance.now() - startMs, cpuMs: (user + system) / 1_000 };
}
