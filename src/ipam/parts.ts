/**
 * A request that needs more than one commit may hold is assigned in parts. Each part is whole in itself; when a later one is
 * refused, what the earlier ones took is released again, unless the caller wants what there is (docs/decisions/0007).
 */
import type { AutoAssigned, FamilyAssigned, FamilyRequest } from '../core/plan/auto-assign.ts';
import { releaseIps } from '../core/plan/release.ts';
import type { Call } from './call.ts';
import { type Context, runAlone, tooLarge } from './context.ts';
import { Oversized } from './lanes.ts';
import type { Job } from './loop.ts';

/** At most one block, one handle and one affinity change per address. */
const GIVEN_BACK_PER_COMMIT = 40;

interface Wanted {
  readonly families: readonly FamilyRequest[];
  /** A part that reads after a release could not know of it (I11): such a request is given in one commit or not at all. */
  readonly isWhole: boolean;
  readonly partial: boolean;
  readonly call: Call;
}

type JobOf = (families: readonly FamilyRequest[], partial: boolean) => Job<AutoAssigned>;

export async function assignInParts(context: Context, host: string, wanted: Wanted, jobOf: JobOf): Promise<AutoAssigned> {
  try {
    return await context.lanes.run(host, jobOf(wanted.families, wanted.partial));
  } catch (error) {
    if (!(error instanceof Oversized)) throw error;
    if (wanted.isWhole) throw tooLarge(error);
    return await assignEach(context, host, wanted, jobOf);
  }
}

async function assignEach(context: Context, host: string, wanted: Wanted, jobOf: JobOf): Promise<AutoAssigned> {
  const done: FamilyAssigned[] = [];
  try {
    for (const family of wanted.families) done.push(await assignFamily(context, host, { family, wanted, jobOf, done }));
    return { families: done };
  } catch (error) {
    if (!wanted.partial) await giveBack(context, host, done);
    throw error;
  }
}

interface Progress {
  readonly family: FamilyRequest;
  readonly wanted: Wanted;
  readonly jobOf: JobOf;
  readonly done: FamilyAssigned[];
}

/** Parts of a size that fits, found by halving; a part that comes back short is the last one. */
async function assignFamily(context: Context, host: string, { family, wanted, jobOf, done }: Progress): Promise<FamilyAssigned> {
  let whole: FamilyAssigned | undefined;
  let size = family.count;
  while ((whole?.addresses.length ?? 0) < family.count) {
    const missing = family.count - (whole?.addresses.length ?? 0);
    const part = { ...family, count: Math.min(size, missing) };
    try {
      const assigned = (await context.lanes.run(host, jobOf([part], wanted.partial))).families[0] as FamilyAssigned;
      whole = { ...assigned, requested: family.count, addresses: [...(whole?.addresses ?? []), ...assigned.addresses] };
      if (assigned.stop !== undefined) break;
    } catch (error) {
      if (error instanceof Oversized && part.count > 1) size = Math.ceil(part.count / 2);
      else {
        if (whole) done.push(whole);
        throw error;
      }
    }
  }
  return whole as FamilyAssigned;
}

/** Guarded by sequence numbers: only what this request took. */
async function giveBack(context: Context, host: string, families: readonly FamilyAssigned[]): Promise<void> {
  for (const { addresses } of families) {
    for (let at = 0; at < addresses.length; at += GIVEN_BACK_PER_COMMIT) {
      const requests = addresses.slice(at, at + GIVEN_BACK_PER_COMMIT).filter(({ existing }) => !existing);
      const planner = releaseIps(requests.map(({ ip, sequenceNumber }) => ({ ip, text: ip.text, handle: undefined, sequenceNumber })));
      // On a deadline of its own: the caller's may be over, and what was taken must not stay.
      await runAlone(context, {}, planner, host);
    }
  }
}
