/** Blocks ⇄ JSON (data model §3, older forms §8). */
import { addressCount, type Cidr, parseCidrMasked } from '../core/addr.ts';
import { type Json, type JsonObject, printString } from '../core/json.ts';
import type { Attribute, Block } from '../core/records.ts';
import { isInteger, Members, memberNames, objectOf, type Problems, sortedObject, uint64Of } from './members.ts';

/** `strictAffinity` was written up to Calico 3.16 and means nothing: known, so that it is dropped as Calico drops it. */
const BLOCK = memberNames(
  'cidr',
  'affinity',
  'affinity_claim_time',
  'strictAffinity',
  'allocations',
  'unallocated',
  'attributes',
  'sequenceNumber',
  'sequenceNumberForAllocation',
  'deleted',
);
/** `alternate` is what builds of March 2026 called `alternateOwnerAttrs`. */
const ATTRIBUTE = memberNames('handle_id', 'secondary', 'alternateOwnerAttrs', 'alternate', 'releasedAt');

/** The block of `cidr`. `hostAffinity` of Calico ≤ 3.0 stays in `extra`, where its place is. */
export function blockOf(value: JsonObject, cidr: Cidr, problems: Problems): Block {
  const members = new Members(value, BLOCK, problems);
  const stored = members.text('cidr') ?? '';
  if (parseCidrMasked(stored)?.text !== cidr.text) problems.note(`cidr ${printString(stored)} does not match the key`);
  const allocations = allocationsOf(members);
  if (BigInt(allocations.length) !== addressCount(cidr)) {
    problems.note(`allocations has ${allocations.length} entries instead of ${addressCount(cidr)}`);
  }
  return {
    cidr,
    affinity: members.text('affinity') ?? null,
    affinityClaimTime: members.time('affinity_claim_time'),
    allocations,
    unallocated: unallocatedOf(members, allocations.length),
    attributes: members.list('attributes')?.map((entry, index) => attributeOf(entry, problems, index)) ?? null,
    sequenceNumber: members.uint64('sequenceNumber'),
    sequenceNumberForAllocation: allocationNumbersOf(members),
    deleted: members.flag('deleted'),
    extra: members.extra,
  };
}

/** An index that points to no attribute is kept: the ordinal is held by an unknown owner (data model §8). */
function allocationsOf(members: Members): (number | null)[] {
  return (members.list('allocations') ?? []).map((index) =>
    index === null || isInteger(index) ? index : (members.wrong('allocations', 'a list of integers and null') ?? null),
  );
}

function unallocatedOf(members: Members, size: number): number[] {
  return (members.list('unallocated') ?? []).map((ordinal) =>
    isInteger(ordinal) && ordinal >= 0 && ordinal < size ? ordinal : (members.wrong('unallocated', 'a list of ordinals of the block') ?? 0),
  );
}

function attributeOf(value: Json, problems: Problems, index: number): Attribute {
  const members = new Members(value, ATTRIBUTE, problems, `attributes[${index}].`);
  return {
    handleId: members.text('handle_id'),
    secondary: members.textMap('secondary'),
    alternate: members.textMap('alternateOwnerAttrs') ?? members.textMap('alternate'),
    releasedAt: members.time('releasedAt'),
    extra: members.extra,
  };
}

const ORDINAL = /^(0|[1-9]\d{0,4})$/;

function allocationNumbersOf(members: Members): ReadonlyMap<number, bigint> | null {
  if (members.value('sequenceNumberForAllocation') === undefined) return null;
  const numbers = new Map<number, bigint>();
  for (const [ordinal, value] of members.map('sequenceNumberForAllocation')) {
    const number = uint64Of(value);
    if (number !== undefined && ORDINAL.test(ordinal)) numbers.set(Number(ordinal), number);
    else members.wrong('sequenceNumberForAllocation', 'a map of ordinals to unsigned 64-bit integers');
  }
  return numbers;
}

/** The stored form of a block, members as Calico orders them, then the unknown ones. */
export function blockJson(block: Block): JsonObject {
  return objectOf(
    [
      ['cidr', block.cidr.text],
      ['affinity', block.affinity],
      ['affinity_claim_time', block.affinityClaimTime],
      ['allocations', block.allocations],
      ['unallocated', block.unallocated],
      ['attributes', block.attributes?.map(attributeJson) ?? null],
      ['sequenceNumber', block.sequenceNumber],
      ['sequenceNumberForAllocation', allocationNumbersJson(block.sequenceNumberForAllocation)],
      ['deleted', block.deleted],
    ],
    block.extra,
  );
}

function attributeJson(attribute: Attribute): JsonObject {
  return objectOf(
    [
      ['handle_id', attribute.handleId],
      ['secondary', textMapJson(attribute.secondary)],
      ['alternateOwnerAttrs', textMapJson(attribute.alternate)],
      ['releasedAt', attribute.releasedAt],
    ],
    attribute.extra,
  );
}

/** Empty maps are not stored. */
function textMapJson(map: Readonly<Record<string, string>> | undefined): JsonObject | undefined {
  const members = Object.entries(map ?? {});
  return members.length === 0 ? undefined : sortedObject(members);
}

function allocationNumbersJson(numbers: ReadonlyMap<number, bigint> | null): JsonObject | null {
  return numbers && sortedObject(Array.from(numbers, ([ordinal, number]) => [String(ordinal), number] as const));
}
