/** Sets of networks: membership and exact counting in logarithmic time. */
import { addressCount, type Cidr, compareCidrs, type Ip, lastValue, type Version } from './addr.ts';
import type { Reservation } from './records.ts';

/** Disjoint runs of addresses, ascending. */
interface Runs {
  readonly firsts: readonly bigint[];
  readonly lasts: readonly bigint[];
  /** Per run: addresses of the set in all runs before it. */
  readonly before: readonly bigint[];
}

/**
 * The union of networks of one family; networks of the other are left out, and are never found in it. Nested, repeated
 * and adjacent members make no difference (BM-09): what two halves cover jointly, they cover whole (BM-08).
 */
export class CidrSet {
  readonly #version: Version;
  readonly #runs: Runs;

  constructor(cidrs: Iterable<Cidr>, version: Version) {
    this.#version = version;
    this.#runs = runsOf([...cidrs].filter((cidr) => cidr.version === version));
  }

  matches(ip: Pick<Ip, 'version' | 'value'>): boolean {
    if (this.#runs.firsts.length === 0) return false;
    return ip.version === this.#version && this.#countUpTo(ip.value) > this.#countUpTo(ip.value - 1n);
  }

  /** True when every address of `cidr` is in the set. */
  matchesWhole(cidr: Cidr): boolean {
    return this.countIn(cidr) === addressCount(cidr);
  }

  /** Number of addresses of `cidr` that are in the set, exact (BM-10). */
  countIn(cidr: Cidr): bigint {
    return cidr.version === this.#version ? this.#countUpTo(lastValue(cidr)) - this.#countUpTo(cidr.base - 1n) : 0n;
  }

  /** Last value of the run of members around `ip`; undefined when it is not in the set. */
  runEnd(ip: Pick<Ip, 'version' | 'value'>): bigint | undefined {
    if (!this.matches(ip)) return undefined;
    return this.#runs.lasts[lastNotAbove(this.#runs.firsts, ip.value)];
  }

  /** Number of addresses of the set that are not above `value`. */
  #countUpTo(value: bigint): bigint {
    const { firsts, lasts, before } = this.#runs;
    const index = lastNotAbove(firsts, value);
    const first = firsts[index];
    const last = lasts[index];
    const earlier = before[index];
    if (first === undefined || last === undefined || earlier === undefined) return 0n;
    return earlier + (value < last ? value : last) - first + 1n;
  }
}

/**
 * What is kept from automatic assignment in one family: the networks of all reservations (BM-08, RS).
 * `matchesWhole`: no address of the network may be assigned automatically (RS-05).
 */
export class Reservations extends CidrSet {
  constructor(records: Iterable<Reservation>, version: Version) {
    super(
      [...records].flatMap((record) => record.cidrs),
      version,
    );
  }

  /** Number of reserved addresses of `cidr`, held or not (BK-12). */
  reservedIn(cidr: Cidr): bigint {
    return this.countIn(cidr);
  }
}

function runsOf(cidrs: readonly Cidr[]): Runs {
  const firsts: bigint[] = [];
  const lasts: bigint[] = [];
  for (const cidr of [...cidrs].sort(compareCidrs)) {
    const last = lastValue(cidr);
    const reached = lasts.at(-1);
    if (reached === undefined || cidr.base > reached) {
      firsts.push(cidr.base);
      lasts.push(last);
    } else if (last > reached) {
      lasts[lasts.length - 1] = last;
    }
  }
  return { firsts, lasts, before: sumsBefore(firsts, lasts) };
}

function sumsBefore(firsts: readonly bigint[], lasts: readonly bigint[]): bigint[] {
  let sum = 0n;
  return firsts.map((first, index) => {
    const before = sum;
    sum += (lasts[index] ?? first) - first + 1n;
    return before;
  });
}

/** Index of the last element of `ascending` that is not above `value`; −1 when there is none. */
function lastNotAbove(ascending: readonly bigint[], value: bigint): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0n) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
