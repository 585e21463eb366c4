/** What callers were told, against what the store held between call and answer: I1, I6, I7, I8. */
import type { Version } from '../../../src/core/addr.ts';
import { parseIp } from '../../../src/core/addr.ts';
import type { Answer, AnsweredAddress, AssignRequest, Operation, ReleaseClaim } from '../operation.ts';
import type { HandleChecks } from './handles.ts';
import { asksToRelease, type HoldChecks, matchesClaim } from './holds.ts';
import { must } from './violation.ts';

export class AnswerChecks {
  readonly #holds: HoldChecks;
  readonly #handles: HandleChecks;

  constructor(holds: HoldChecks, handles: HandleChecks) {
    this.#holds = holds;
    this.#handles = handles;
  }

  check(operation: Operation, answer: Answer): void {
    const { request } = operation;
    if (operation.process.writer !== 'plat') return;
    if (answer.kind === 'refused' && request.kind === 'assign') checkNothingHeld(operation, answer);
    if (answer.kind === 'assigned') this.#checkAssigned(operation, answer.addresses);
    if (request.kind === 'release-ips') this.#checkRelease(operation, request.claims, answer);
    if (answer.kind === 'released-handle' && request.kind === 'release-handle') this.#checkHandleGone(operation, request.handle, answer);
  }

  #checkAssigned(operation: Operation, addresses: readonly AnsweredAddress[]): void {
    const request = operation.request as AssignRequest;
    const text = () => `${operation.id} (${operation.label}) was answered [${addresses.map(({ ip }) => ip)}]`;
    must(new Set(addresses.map(({ ip }) => ip)).size === addresses.length, 'I1', () => `${text()}: one address twice`);
    for (const address of addresses) {
      const isRecorded = address.existing ? this.#wasHeld(operation, address) : wasRecorded(operation, address);
      must(isRecorded, 'I1', () => `${text()}: ${address.ip} number ${address.sequenceNumber} is not recorded for it`);
    }
    for (const hold of operation.held.values()) {
      const isKnown = addresses.some((address) => isAnswered(hold, address));
      must(isKnown, 'I8', () => `${text()}: ${hold.ip} is recorded for it too, and nobody knows`);
    }
    for (const version of [4, 6] as const) {
      const given = addresses.filter(({ ip }) => versionOf(ip) === version).length;
      const isEnough = given === request.wanted[version] || (request.partial && given < request.wanted[version]);
      must(isEnough, 'I7', () => `${text()}: ${given} IPv${version} addresses instead of ${request.wanted[version]}`);
    }
  }

  #wasHeld({ request, startRevision }: Operation, { ip, sequenceNumber }: AnsweredAddress): boolean {
    const { handle } = request as AssignRequest;
    return this.#holds.statesOf(ip, startRevision).some((hold) => hold?.handle === handle && hold?.sequenceNumber === sequenceNumber);
  }

  #checkRelease(operation: Operation, claims: readonly ReleaseClaim[], answer: Answer): void {
    const statesOf = (claim: ReleaseClaim) => this.#holds.statesOf(parseIp(claim.ip)?.text ?? claim.ip, operation.startRevision);
    const text = ({ ip }: ReleaseClaim) => `${operation.id} (${operation.label}) on ${ip}`;
    if (answer.kind === 'released') {
      const free = new Set(answer.unallocated);
      for (const claim of claims) {
        const states = statesOf(claim);
        const isDone = states.includes(undefined) || states.length > 1;
        must(
          isDone,
          'I8',
          () => `${text(claim)} was answered ${free.has(claim.ip) ? 'free already' : 'released'}, but it was held all the time`,
        );
        must(!free.has(claim.ip) || states.includes(undefined), 'I8', () => `${text(claim)} was answered free already, which it never was`);
      }
    }
    const [claim] = claims;
    if (claims.length === 1 && claim && answer.kind === 'refused' && /^(bad-sequence-number|wrong-handle)$/.test(answer.code)) {
      const isRight = statesOf(claim).some((hold) => hold === undefined || !matchesClaim(claim, hold));
      must(isRight, 'I6', () => `${text(claim)} was refused as ${answer.code}, but it matched all the time`);
    }
  }

  /** A release by handle ends without the handle, whoever counted wrong before; and without its addresses, where it was ours alone. */
  #checkHandleGone(operation: Operation, handle: string, answer: { readonly found: boolean; readonly released: readonly string[] }): void {
    const text = () => `${operation.id} (${operation.label}) was answered ${JSON.stringify(answer)}`;
    const isGone = this.#handles.wasGone(handle, operation.startRevision, !this.#handles.isForeign(handle));
    const isTakenAgain = [...operation.companions].some(({ request }) => request.kind === 'assign' && request.handle === handle);
    must(isGone || isTakenAgain, 'I8', () => `${text()}, but the handle was there all the time`);
    // A foreign writer's steps may have dropped the record and left addresses.
    if (this.#handles.isForeign(handle)) return;
    for (const ip of answer.released) {
      const states = this.#holds.statesOf(ip, operation.startRevision);
      const isEnded = states.some((hold, index) => index > 0 && states[index - 1]?.handle === handle && hold !== states[index - 1]);
      must(isEnded || isTakenAgain, 'I8', () => `${text()}, but ${ip} was not released`);
    }
  }
}

/** But for what the refusal names: the parts of a request that takes what there is. */
function checkNothingHeld({ id, label, held }: Operation, { code, assigned }: Extract<Answer, { kind: 'refused' }>): void {
  const unknown = [...held.keys()].filter((ip) => !assigned.includes(ip));
  must(unknown.length === 0, 'I7', () => `${id} (${label}) was refused (${code}), but holds ${unknown}`);
}

/** In a revision of its own, or taken and released again in one commit. */
function wasRecorded({ gained, companions, request }: Operation, address: AnsweredAddress): boolean {
  const { handle } = request as AssignRequest;
  return (
    gained.some((hold) => isAnswered(hold, address)) ||
    [...companions].some((release) => asksToRelease(release.request, { ...address, handle }))
  );
}

function isAnswered(hold: { readonly ip: string; readonly sequenceNumber: bigint }, address: AnsweredAddress): boolean {
  return hold.ip === address.ip && hold.sequenceNumber === address.sequenceNumber;
}

function versionOf(ip: string): Version {
  return ip.includes(':') ? 6 : 4;
}
