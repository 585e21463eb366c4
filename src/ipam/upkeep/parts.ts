/** Releases of many addresses and blocks, cut into parts that fit into one commit each. */
import { type Cidr, parseCidrMasked, parseIp } from '../../core/addr.ts';
import { type Collected, type Collecting, collectAddresses, type Releasable, refsOfCollecting } from '../../core/collect/collect.ts';
import { mergeNeeds } from '../../core/draft.ts';
import type { CallOptions } from '../api.ts';
import { brokenOff } from '../broken-off.ts';
import { Call } from '../call.ts';
import { type Context, runJob, withEvidence } from '../context.ts';
import type { Assignment } from './api.ts';

/** Addresses, blocks and affinities that one commit changes; handles are as many as addresses at most. */
const CHANGES_PER_COMMIT = 100;

export type GiveUp = Collecting['giveUp'][number];

/** A network of a report, which is canonical text. */
export function networkOf(text: string): Cidr {
  const cidr = parseCidrMasked(text);
  if (!cidr) throw new Error(`bug: a report names ${text} where a network belongs`);
  return cidr;
}

/** Blocks are given up once nothing is left to release in them. */
function* partsOf(assignments: readonly Assignment[], giveUp: readonly GiveUp[]): Generator<Collecting> {
  let blocks = new Map<string, { cidr: Cidr; addresses: Releasable[] }>();
  let changes = 0;
  for (const { ip: text, block, handle, sequenceNumber } of assignments) {
    if (changes + 2 > CHANGES_PER_COMMIT) {
      yield { blocks: [...blocks.values()], giveUp: [] };
      blocks = new Map();
      changes = 0;
    }
    const ip = parseIp(text);
    if (!ip) throw new Error(`bug: a report names ${text} where an address belongs`);
    const entry = blocks.get(block);
    if (entry) entry.addresses.push({ ip, handle, sequenceNumber });
    else blocks.set(block, { cidr: networkOf(block), addresses: [{ ip, handle, sequenceNumber }] });
    changes += entry ? 1 : 2;
  }
  const room = Math.max(0, Math.floor((CHANGES_PER_COMMIT - changes) / 2));
  if (blocks.size + giveUp.length > 0) yield { blocks: [...blocks.values()], giveUp: giveUp.slice(0, room) };
  for (let at = room; at < giveUp.length; at += CHANGES_PER_COMMIT / 2) {
    yield { blocks: [], giveUp: giveUp.slice(at, at + CHANGES_PER_COMMIT / 2) };
  }
}

interface PartOf {
  readonly lane: string;
  readonly part: Collecting;
  readonly call: CallOptions;
}

/** Everything is read in the first request, so that a part costs two. */
function collectPart(context: Context, { lane, part, call }: PartOf): Promise<Collected> {
  const job = withEvidence(context, collectAddresses(part));
  const firstNeed = mergeNeeds([job.firstNeed, { refs: refsOfCollecting(part), probes: [], collections: [] }]);
  return runJob(context, lane, { ...job, firstNeed, call: new Call(context.clock, call), rereads: true });
}

export interface Taking {
  readonly assignments: readonly Assignment[];
  readonly giveUp: readonly GiveUp[];
  readonly call: CallOptions;
}

export interface Taken {
  readonly released: string[];
  readonly changed: string[];
  readonly givenUp: string[];
}

/** All parts in turn; `taken` grows with each commit. */
export async function takeParts(context: Context, lane: string, { assignments, giveUp, call }: Taking, taken: Taken): Promise<void> {
  for (const part of partsOf(assignments, giveUp)) {
    const collected = await collectPart(context, { lane, part, call });
    taken.released.push(...collected.released.map(({ text }) => text));
    taken.changed.push(...collected.changed.map(({ text }) => text));
    taken.givenUp.push(...collected.givenUp.map(({ text }) => text));
  }
}

export function nothingTaken(): Taken {
  return { released: [], changed: [], givenUp: [] };
}

/** The error that ended it, with what was done until then. */
export function takingBrokenOff(cause: unknown, { released, changed, givenUp }: Taken): unknown {
  const progress = `${released.length} address(es) were released and ${givenUp.length} block(s) given up before that. The same again goes on.`;
  return brokenOff(cause, progress, { released, changed, givenUp });
}
