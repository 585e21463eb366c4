/**
 * A request that needs more than one commit may hold is assigned in parts. Each part is whole in itself; when a later one is
 * refused, what the earlier ones took is released again, unless the caller wants what there is (docs/decisions/0007).
 */
import type { Assigned } from '../core/plan/assigned.ts';
import type { AutoAssigned, FamilyAssigned, FamilyRequest } from '../core/plan/auto-assign.ts';
import { releaseIps } from '../core/plan/release.ts';
import { type Context, runAlone, tooLarge } from './context.ts';
import { IpamError } from './errors.ts';
import { Oversized } from './lanes.ts';
import type { Job } from './loop.ts';

/** At most one block, one handle and one affinity change per address. */
const GIVEN_BACK_PER_COMMIT = 40;

interface Wanted {
  readonly families: readonly FamilyRequest[];
  /** A part that reads after a release could not know of it (I11): such a request is given in one commit or not at all. */
  readonly isWhole: boolean;
  readonly partial: boolean;
  /** Addresses that the handle holds answer the request, those of earlier parts too. */
  readonly returnHeld: boolean;
}

type JobOf = (families: readonly FamilyRequest[]) => Job<AutoAssigned>;

export async function assignInParts(context: Context, host: string, wanted: Wanted, jobOf: JobOf): Promise<AutoAssigned> {
  try {
    return await context.lanes.run(host, jobOf(wanted.families));
  } catch (error) {
    if (!(error instanceof Oversized)) throw error;
    if (wanted.isWhole) throw tooLarge(error);
    return await new Parts(context, host, wanted, jobOf).assign();
  }
}

class Parts {
  readonly #context: Context;
  readonly #host: string;
  readonly #wanted: Wanted;
  readonly #jobOf: JobOf;
  /** What was assigned so far, per family. */
  readonly #assigned: FamilyAssigned[] = [];

  constructor(context: Context, host: string, wanted: Wanted, jobOf: JobOf) {
    this.#context = context;
    this.#host = host;
    this.#wanted = wanted;
    this.#jobOf = jobOf;
  }

  async assign(): Promise<AutoAssigned> {
    try {
      for (const [index, family] of this.#wanted.families.entries()) await this.#assignFamily(index, family);
      return { families: this.#assigned };
    } catch (error) {
      throw await this.#undone(error);
    }
  }

  /** Parts of a size that fits, found by halving; a part that comes back short is the last one. */
  async #assignFamily(index: number, family: FamilyRequest): Promise<void> {
    let size = family.count;
    while ((this.#assigned[index]?.addresses.length ?? 0) < family.count) {
      const had = this.#assigned[index]?.addresses ?? [];
      const more = Math.min(size, family.count - had.length);
      try {
        const count = this.#wanted.returnHeld ? had.length + more : more;
        const part = (await this.#context.lanes.run(this.#host, this.#jobOf([{ ...family, count }]))).families[0] as FamilyAssigned;
        this.#assigned[index] = { ...part, requested: family.count, addresses: merged(had, part.addresses) };
        if (part.stop !== undefined) return;
      } catch (error) {
        if (!(error instanceof Oversized) || more === 1) throw error instanceof Oversized ? tooLarge(error) : error;
        size = Math.ceil(more / 2);
      }
    }
  }

  /** The error to report, once nothing is left of an all-or-nothing request. */
  async #undone(error: unknown): Promise<unknown> {
    const taken = this.#assigned.flatMap(({ addresses }) => addresses.filter(({ existing }) => !existing));
    if (taken.length === 0) return error;
    if (!this.#wanted.partial) {
      await this.#giveBack(taken);
      return error;
    }
    if (!(error instanceof IpamError)) return error;
    const message = `${error.message} Before that, ${taken.length} address(es) were assigned, and they stay.`;
    return new IpamError(error.code, message, { cause: error, details: { ...error.details, assigned: taken.map(({ ip }) => ip.text) } });
  }

  /** Guarded by sequence numbers: only what this request took. */
  async #giveBack(taken: readonly Assigned[]): Promise<void> {
    for (let at = 0; at < taken.length; at += GIVEN_BACK_PER_COMMIT) {
      const requests = taken.slice(at, at + GIVEN_BACK_PER_COMMIT);
      const planner = releaseIps(requests.map(({ ip, sequenceNumber }) => ({ ip, text: ip.text, handle: undefined, sequenceNumber })));
      // On a deadline of its own: the caller's may be over, and what was taken must not stay.
      await runAlone(this.#context, {}, planner, this.#host);
    }
  }
}

/** A later part may name an address again: held and answering, or taken anew after somebody released it. The newer entry holds. */
function merged(had: readonly Assigned[], part: readonly Assigned[]): Assigned[] {
  const again = new Map(part.map((each) => [each.ip.text, each]));
  const kept = had.filter(({ ip, sequenceNumber }) => again.get(ip.text)?.sequenceNumber === sequenceNumber || !again.has(ip.text));
  const known = new Set(kept.map(({ ip }) => ip.text));
  return [...kept, ...part.filter(({ ip }) => !known.has(ip.text))];
}
