/** I1, I6, I7, I8 per address: every hold comes from an operation that asked for it, and ends by one that asked for that. */
import { parseIp, type Version } from '../../../src/core/addr.ts';
import type { AssignRequest, Operation, ReleaseClaim, Request } from '../operation.ts';
import type { Hold } from './hold.ts';
import type { Author, Change, Mirror } from './mirror.ts';
import { must, violated } from './violation.ts';

type HeldAddress = Pick<Hold, 'ip' | 'handle' | 'sequenceNumber'>;

interface HoldState {
  readonly revision: bigint;
  /** Undefined: nobody holds the address. */
  readonly hold: Hold | undefined;
}

export interface HoldCheckParts {
  readonly mirror: Mirror;
  readonly operationOf: (id: string) => Operation | undefined;
  /** Addresses the handle may hold per family, as all its callers ask; undefined when that is not bounded. */
  readonly limitOf: (handle: string) => Readonly<Record<Version, number>> | undefined;
}

export class HoldChecks {
  readonly #parts: HoldCheckParts;
  /** Every state of each address, oldest first. */
  readonly #states = new Map<string, HoldState[]>();

  constructor(parts: HoldCheckParts) {
    this.#parts = parts;
  }

  check({ revision, author, blocks }: Change): void {
    noteCompanions(author);
    const lost = blocks.flatMap((block) => block.lost);
    const gained = blocks.flatMap((block) => block.gained);
    for (const hold of lost) {
      checkLost(hold, author);
      this.#parts.operationOf(hold.operation ?? '')?.held.delete(hold.ip);
      this.#note(hold.ip, { revision, hold: undefined });
    }
    for (const hold of gained) {
      this.#checkNumber(hold);
      this.#gain(hold, author);
      this.#checkLimit(hold.handle);
      this.#note(hold.ip, { revision, hold });
    }
    for (const id of new Set(gained.map(({ operation }) => operation ?? ''))) {
      const operation = this.#parts.operationOf(id);
      const gainedNow = gained.filter((hold) => hold.operation === id);
      if (operation?.process.writer === 'plat') checkCounts(operation, gainedNow);
    }
  }

  /** What was held at `ip` at each revision from `from` on. */
  statesOf(ip: string, from: bigint): readonly (Hold | undefined)[] {
    const states = this.#states.get(ip) ?? [];
    const first = states.findLastIndex(({ revision }) => revision <= from);
    const initial = first < 0 ? [undefined] : [];
    return [...initial, ...states.slice(Math.max(first, 0)).map(({ hold }) => hold)];
  }

  #note(ip: string, state: HoldState): void {
    const states = this.#states.get(ip) ?? [];
    states.push(state);
    this.#states.set(ip, states);
  }

  /** A number that an earlier assignment of the address had would let a stale release take this one. */
  #checkNumber({ ip, sequenceNumber, operation }: Hold): void {
    const earlier = this.#states.get(ip)?.find(({ hold }) => hold?.sequenceNumber === sequenceNumber)?.hold;
    must(earlier === undefined, 'I6', () => `${ip} has number ${sequenceNumber} for ${operation}, as it had for ${earlier?.operation}`);
  }

  /** Repeating a request, or asking under a maximum, never ends with more. */
  #checkLimit(handle: string | undefined): void {
    const limit = handle === undefined ? undefined : this.#parts.limitOf(handle);
    if (handle === undefined || limit === undefined) return;
    for (const version of [4, 6] as const) {
      let held = 0;
      for (const [cidr, count] of this.#parts.mirror.heldBy(handle)) if (cidr.includes(':') === (version === 6)) held += count;
      must(
        held <= limit[version],
        'I8',
        () => `handle ${handle} holds ${held} IPv${version} addresses, though its callers ask for ${limit[version]} at most`,
      );
    }
  }

  #gain(hold: Hold, author: Author): void {
    const operation = hold.operation === undefined ? undefined : this.#parts.operationOf(hold.operation);
    if (operation?.request.kind !== 'assign') return violated('I1', `${hold.ip} was given to nobody who asked (${hold.operation})`);
    const { request, answer } = operation;
    const text = () => `${hold.ip} was recorded for ${operation.id} (${operation.label})`;
    must(
      operation.process === author.process && hold.handle === request.handle,
      'I1',
      () => `${text()} by ${author.process.name} under ${hold.handle}`,
    );
    must(request.ip === undefined || request.ip === hold.ip, 'I1', () => `${text()}, which asked for ${request.ip}`);
    const isOpen = answer === undefined || answer.kind === 'unknown' || answer.kind === 'crashed';
    must(isOpen, 'I7', () => `${text()} after its answer: ${answer?.kind}`);
    must(!request.givesUp, 'I7', () => `${text()}, although its caller gave up before the commit`);
    operation.gained.push(hold);
    operation.held.set(hold.ip, hold);
  }
}

/** Never more than asked for at a time, and all of it in one commit unless the caller takes less. */
function checkCounts(operation: Operation, gainedNow: readonly Hold[]): void {
  const { wanted, partial, countsHeld, inParts } = operation.request as AssignRequest;
  for (const version of [4, 6] as const) {
    const countIn = (holds: Iterable<Hold>) => [...holds].filter(({ cidr }) => cidr.version === version).length;
    const text = (what: string) =>
      `${operation.id} (${operation.label}) asked for ${wanted[version]} IPv${version}, ${what}: ${[...operation.held.keys()]}`;
    const held = countIn(operation.held.values());
    must(held <= wanted[version], 'I8', () => text(`${held} are recorded`));
    const isWhole = partial || countsHeld || inParts || operation.companions.size > 0 || countIn(gainedNow) === wanted[version];
    must(isWhole, 'I7', () => text(`${countIn(gainedNow)} were recorded at once`));
  }
}

function noteCompanions({ operations }: Author): void {
  const assignments = operations.filter(({ request }) => request.kind === 'assign');
  const releases = operations.filter(({ request }) => request.kind.startsWith('release'));
  for (const assignment of assignments) {
    for (const release of releases) {
      assignment.companions.add(release);
      release.companions.add(assignment);
    }
  }
}

function checkLost(hold: Hold, author: Author): void {
  const text = () =>
    `${hold.ip} of ${hold.handle ?? 'no handle'} (${hold.operation}, number ${hold.sequenceNumber}) was taken by ${author.process.name}`;
  const asked = author.operations.some(({ request, id }) => asksToRelease(request, hold) || givesBack(request, id, hold));
  if (asked) return;
  const isNamed = author.operations.some(
    ({ request }) => request.kind === 'release-ips' && request.claims.some(({ ip }) => isSameIp(ip, hold.ip)),
  );
  must(
    false,
    isNamed ? 'I6' : 'I1',
    () => `${text()}, which nobody asked for: ${author.operations.map(({ id, label }) => `${id} ${label}`).join('; ')}`,
  );
}

export function asksToRelease(request: Request, hold: HeldAddress): boolean {
  if (request.kind === 'release-handle') return request.handle === hold.handle;
  return request.kind === 'release-ips' && request.claims.some((claim) => matchesClaim(claim, hold));
}

/** A request in parts that cannot be completed returns what it took. */
function givesBack(request: Request, id: string, hold: Hold): boolean {
  return request.kind === 'assign' && request.inParts && hold.operation === id;
}

export function matchesClaim({ ip, handle, sequenceNumber }: ReleaseClaim, hold: HeldAddress): boolean {
  return (
    isSameIp(ip, hold.ip) &&
    (handle === undefined || handle === hold.handle) &&
    (sequenceNumber === undefined || sequenceNumber === hold.sequenceNumber)
  );
}

function isSameIp(text: string, ip: string): boolean {
  return text === ip || parseIp(text)?.text === ip;
}
