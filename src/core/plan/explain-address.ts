/** One address in words: who holds it, why it is not to be had, and what to do. */
import type { AllowedUse } from '../records.ts';

type Texts = Readonly<Record<string, string>>;

/** All that the store says about one address. Times are RFC 3339 as stored; `null`: there is none, or it is not recorded. */
export interface AddressExplanation {
  readonly ip: string;
  /** `free`: in a block and held by nobody. `no-block`: in no block yet. `unreadable`: its block's value cannot be read. */
  readonly state: 'held' | 'cooling' | 'free' | 'no-block' | 'unreadable';
  /** The pool whose network has the address, an enabled one before a disabled one. */
  readonly pool: AddressPool | null;
  /** Names of the reservations that keep it from automatic assignment. */
  readonly reservedBy: readonly string[];
  readonly block: AddressBlock | null;
  readonly holder: AddressHolder | null;
  /** While it cools: since when, and until when nobody gets it. */
  readonly cooling: { readonly releasedAt: string; readonly until: string } | null;
  /** While it is free: how many free addresses of the block are given out before it, and since when it is, if that is still recorded. */
  readonly queue: { readonly before: number; readonly freeSince: string | null } | null;
}

export interface AddressPool {
  readonly name: string;
  readonly cidr: string;
  readonly disabled: boolean;
  readonly assignmentMode: 'Automatic' | 'Manual';
  readonly allowedUses: readonly AllowedUse[];
}

export interface AddressBlock {
  readonly cidr: string;
  readonly affinity: string | null;
  /** Whether the node it belongs to has a record; null when it belongs to no node. */
  readonly nodeKnown: boolean | null;
  readonly claimedAt: string | null;
  readonly held: number;
  readonly cooling: number;
  readonly free: number;
  /** What keeps the block from being given up: addresses per handle, those without one under null. */
  readonly holders: readonly { readonly handle: string | null; readonly addresses: number }[];
  /** Why the value cannot be read; null when it can. */
  readonly fault: string | null;
}

export interface AddressHolder {
  readonly handle: string | null;
  /** Whether the handle has a record, without which a release by handle finds nothing; null without a handle. */
  readonly handleKnown: boolean | null;
  readonly active: Texts | null;
  readonly alternate: Texts | null;
  readonly sequenceNumber: bigint;
  readonly assignedAt: string | null;
  readonly node: string | null;
  readonly nodeKnown: boolean | null;
  /** From a block that is not that node's. */
  readonly borrowed: boolean;
}

/** `10.0.0.6 is held by handle web-1`. */
export function heldText(ip: string, handle: string | null | undefined): string {
  return `${ip} is held ${handle === null || handle === undefined ? 'without a handle' : `by handle ${handle}`}`;
}

/** `10.0.0.6 was released at … and is still cooling`. */
export function coolingText(ip: string, releasedAt: string | undefined): string {
  return `${ip} was released at ${releasedAt} and is still cooling`;
}

/** The explanation as sentences, the most important first. */
export function addressSentences(explanation: AddressExplanation): readonly string[] {
  return [
    ...stateSentences(explanation),
    poolSentence(explanation),
    ...(explanation.reservedBy.length > 0
      ? [`It is reserved by ${explanation.reservedBy.join(', ')}: it is given only to whoever asks for this very address.`]
      : []),
    ...blockSentences(explanation),
    ...nextSteps(explanation),
  ];
}

function stateSentences({ ip, state, holder, cooling, queue, block }: AddressExplanation): string[] {
  switch (state) {
    case 'held':
      return holder ? holderSentences(ip, holder, block) : [];
    case 'cooling':
      return cooling ? [`${coolingText(ip, cooling.releasedAt)}: nobody gets it before ${cooling.until}.`] : [];
    case 'free':
      return [freeSentence(ip, queue)];
    case 'no-block':
      return [`${ip} is held by nobody: it is in no block yet.`];
    case 'unreadable':
      return [`Who holds ${ip} is not known: its block ${block?.cidr} cannot be read (${block?.fault}).`];
  }
}

function freeSentence(ip: string, queue: AddressExplanation['queue']): string {
  const since = queue?.freeSince ? `, since ${queue.freeSince}` : '';
  const place = queue?.before === 0 ? 'It is the next of its block' : `${queue?.before} of its block come before it`;
  return `${ip} is free${since}. ${place}.`;
}

function holderSentences(ip: string, holder: AddressHolder, block: AddressBlock | null): string[] {
  const { handle, handleKnown, active, assignedAt, node, nodeKnown, borrowed } = holder;
  const pod =
    active?.['pod'] === undefined ? '' : ` for ${[active['namespace'], active['pod']].filter((part) => part !== undefined).join('/')}`;
  const on = node === null ? '' : ` on node ${node}`;
  const at = assignedAt === null ? '' : ` at ${assignedAt}`;
  return [
    `${heldText(ip, handle)}.`,
    ...(pod + on + at === '' ? [] : [`It was assigned${pod}${on}${at}.`]),
    ...(borrowed ? [`It is borrowed: its block ${block?.cidr} belongs to ${block?.affinity ?? 'nobody'}.`] : []),
    ...(handleKnown === false ? [`Handle ${handle} has no record, so a release by handle will not find it.`] : []),
    ...(nodeKnown === false ? [`Node ${node} has no record.`] : []),
  ];
}

function poolSentence({ pool }: AddressExplanation): string {
  if (!pool) return 'It is in no pool: nothing assigns it.';
  const ways = [
    ...(pool.disabled ? ['which is disabled: nothing new comes from it'] : []),
    ...(pool.assignmentMode === 'Manual' ? ['which is used only when asked for'] : []),
  ];
  return `It is in pool "${pool.name}" (${pool.cidr})${ways.length === 0 ? '' : `, ${ways.join(', ')}`}.`;
}

function blockSentences({ block }: AddressExplanation): string[] {
  if (!block || block.fault !== null) return [];
  const { cidr, affinity, claimedAt, held, cooling, free, nodeKnown } = block;
  const since = claimedAt === null ? '' : ` since ${claimedAt}`;
  const counts = `${held} held, ${cooling} cooling, ${free} free`;
  const owner = affinity === null ? 'belongs to nobody' : `belongs to ${affinity}${since}`;
  const gone = nodeKnown === false ? ', a node without a record' : '';
  return [`Block ${cidr} ${owner}${gone}: ${counts}.`];
}

function nextSteps({ ip, state, holder }: AddressExplanation): string[] {
  if (state === 'unreadable') return ['Look at the store with: plat ipam check'];
  if (state !== 'held') return [`Whether a node would get it: plat why-not --host NODE --ip ${ip}`];
  return [holder?.handleKnown === false ? 'Look at the store with: plat ipam check' : `Release it: plat ipam release --ip ${ip}`];
}
