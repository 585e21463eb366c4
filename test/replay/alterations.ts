/** Ways to alter a recorded history by one byte, number or result, each of which a replay must notice. */
import { parseKey } from '../../src/store/keys.ts';

/** As JSON has them; stored values are texts, so nothing in them is rounded. */
export interface RawStep {
  op: string;
  result?: unknown;
  error?: string;
  changes?: Record<string, string | null>;
  [argument: string]: unknown;
}
export interface RawHistory {
  name: string;
  steps: RawStep[];
}

/** A generator of numbers in [0, 1). */
export type Random = () => number;

/** Alters one thing in one step, in place; undefined when the step has no such thing, else what was altered. */
export type Alteration = (step: RawStep, random: Random, history: RawHistory) => string | undefined;

/** The values a step wrote for one kind of record. */
function written(step: RawStep, ...kinds: string[]): [key: string, value: string][] {
  if (step.op === 'put') return [];
  return Object.entries(step.changes ?? {}).filter((entry): entry is [string, string] => {
    const kind = parseKey(entry[0])?.kind;
    return entry[1] !== null && kind !== undefined && kinds.includes(kind);
  });
}

function setValue(step: RawStep, key: string, value: string): void {
  step.changes = { ...step.changes, [key]: value };
}

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)];
}

/** Replaces one match of `pattern` (global) in one written value. */
function inValue(kinds: readonly string[], pattern: RegExp, by: (match: string) => string): Alteration {
  return (step, random) => {
    const places = written(step, ...kinds).flatMap(([key, value]) => [...value.matchAll(pattern)].map((match) => ({ key, value, match })));
    const place = pick(places, random);
    if (place === undefined) return undefined;
    const { key, value, match } = place;
    const altered = by(match[0]);
    setValue(step, key, value.slice(0, match.index) + altered + value.slice(match.index + match[0].length));
    return `${key}: ${match[0]} became ${altered}`;
  };
}

/** Replaces one text or number inside the result. */
function inResult(isWanted: (value: unknown, name: string) => boolean, by: (value: never) => unknown): Alteration {
  return (step, random) => {
    const places: { holder: Record<string, unknown>; name: string }[] = [];
    const collect = (holder: unknown): void => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const [name, value] of Object.entries(holder)) {
        if (isWanted(value, name)) places.push({ holder: holder as Record<string, unknown>, name });
        collect(value);
      }
    };
    collect({ result: step.result });
    const place = pick(places, random);
    if (place === undefined) return undefined;
    const before = place.holder[place.name];
    const after = by(before as never);
    if (JSON.stringify(after) === JSON.stringify(before)) return undefined;
    if (place.name === 'result' && before === step.result) step.result = after;
    else place.holder[place.name] = after;
    return `result: ${JSON.stringify(before)} became ${JSON.stringify(after)}`;
  };
}

function otherDigit(digit: string): string {
  return String((Number(digit) + 1) % 10);
}

function otherLetter(text: string, random: Random): string {
  const letters = [...text.matchAll(/[a-z]/gi)];
  const at = pick(letters, random)?.index ?? 0;
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
}

const isAddress = (value: unknown) => typeof value === 'string' && /^[\d.]+(\/\d+)?$|^[\da-f:]+(\/\d+)?$/.test(value);

/** Bytes that stand for the run alone: times, unique ids, sequence numbers. */
const OF_THE_RUN =
  /"(?:affinity_claim_time|releasedAt|creationTimestamp|uid)":"[^"]*"|"sequenceNumber":\d+|"sequenceNumberForAllocation":\{[^}]*\}/g;

const anyByte: Alteration = (step, random) => {
  const values = written(step, 'block', 'affinity', 'handle', 'config', 'pool', 'reservation', 'node');
  const [key, value] = pick(values, random) ?? [];
  if (key === undefined || value === undefined || value === '') return undefined;
  const masked = value.replace(OF_THE_RUN, (text) => '\0'.repeat(text.length));
  const at = pick(
    [...masked].flatMap((byte, index) => (byte === '\0' ? [] : [index])),
    random,
  );
  if (at === undefined) return undefined;
  const byte = value[at] === '~' ? '!' : '~';
  setValue(step, key, value.slice(0, at) + byte + value.slice(at + 1));
  return `${key}: byte ${at}, ${value[at]} became ${byte}`;
};

const deletedChange: Alteration = (step, random) => {
  if (step.op === 'initialize') return undefined;
  const key = pick(Object.keys(step.changes ?? {}), random);
  if (key === undefined || step.changes === undefined) return undefined;
  delete step.changes[key];
  return `${key}: change left out`;
};

const ADDED: readonly [string, string][] = [
  ['/calico/ipam/v2/handle/nobody', '{"block":{"10.0.0.0/26":1},"deleted":false}'],
  ['/calico/ipam/v2/host/nobody/ipv4/block/192.0.2.0-26', '{"state":"confirmed","deleted":false}'],
  ['/calico/ipam/v2/host/nobody/ipv4/block/192.0.2.64-26', '{"state":"pending","deleted":false}'],
  ['/calico/ipam/v2/something', '{}'],
];

const addedKey: Alteration = (step, random) => {
  const added = pick(ADDED, random);
  if (added === undefined || step.op === 'put') return undefined;
  step.changes = { ...step.changes, [added[0]]: added[1] };
  return `${added[0]}: added`;
};

const renamedKey: Alteration = (step, random) => {
  const key = pick(
    written(step, 'block', 'affinity', 'handle', 'pool', 'node').map(([name]) => name),
    random,
  );
  const value = key === undefined ? undefined : step.changes?.[key];
  if (key === undefined || value === undefined || step.changes === undefined) return undefined;
  delete step.changes[key];
  step.changes[`${key}1`] = value;
  return `${key}: renamed`;
};

const missingError: Alteration = (step) => {
  const { error } = step;
  if (error === undefined) return undefined;
  delete step.error;
  return `error left out: ${error}`;
};

const addedError: Alteration = (step, random) => {
  if (step.error !== undefined || ['initialize', 'put', 'delete', 'sleep'].includes(step.op)) return undefined;
  const handle = typeof step['handle'] === 'string' ? step['handle'] : 'h';
  const texts = [
    'Block host affinity does not match',
    'failed to find or claim a block',
    `resource does not exist: IPAMHandleKey(id=${handle}) with error: <nil>`,
  ];
  step.error = pick(texts, random) ?? '';
  return `error added: ${step.error}`;
};

const alteredError: Alteration = (step, random) => {
  if (step.error === undefined || step.error === '') return undefined;
  const before = step.error;
  step.error = otherLetter(before, random);
  return `error altered: ${step.error}`;
};

const alteredErrorDigit: Alteration = (step, random) => {
  const digit = pick([...(step.error ?? '').matchAll(/\d/g)], random);
  if (digit === undefined || step.error === undefined) return undefined;
  step.error = step.error.slice(0, digit.index) + otherDigit(digit[0]) + step.error.slice(digit.index + 1);
  return `error altered: ${step.error}`;
};

/** The block must have been there before: in a new one there is nothing that a first number could be compared with. */
const alteredNumber: Alteration = (step, random, history) => {
  const before = history.steps.slice(0, history.steps.indexOf(step));
  const known = written(step, 'block').filter(
    ([key]) => before.findLast((earlier) => earlier.changes?.[key] !== undefined)?.changes?.[key] != null,
  );
  const [key, value] = pick(known, random) ?? [];
  const number =
    value === undefined
      ? undefined
      : pick([...value.matchAll(/(?<="sequenceNumber":|"sequenceNumberForAllocation":\{[^}]*:)\d+/g)], random);
  if (key === undefined || value === undefined || number === undefined) return undefined;
  setValue(step, key, value.slice(0, number.index) + String(BigInt(number[0]) + 1n) + value.slice(number.index + number[0].length));
  return `${key}: number ${number[0]} became one more`;
};

export const ALTERATIONS: Readonly<Record<string, Alteration>> = {
  'an allocation': inValue(['block'], /(?<="allocations":\[[^\]]*)(null|\d+)/g, (index) => (index === 'null' ? '0' : 'null')),
  'an attribute index': inValue(['block'], /(?<="allocations":\[[^\]]*)\d+/g, (index) => String(Number(index) + 1)),
  'the order of the free': inValue(['block'], /(?<="unallocated":\[(?:\d+,)*)\d+,\d+/g, (pair) => pair.split(',').toReversed().join(',')),
  'an attribute': inValue(['block'], /(?<="(?:pod|namespace|node|note|handle_id)":")[^"]+/g, (text) => `${text}x`),
  'a block affinity': inValue(['block'], /(?<="affinity":)(?:null|"[^"]*")/g, (text) => (text === 'null' ? '"host:x"' : 'null')),
  'a claim time left out': inValue(['block'], /"affinity_claim_time":"[^"]*",/g, () => ''),
  'a sequence number': alteredNumber,
  'a handle count': inValue(['handle'], /(?<="block":\{[^}]*":)\d+/g, (count) => String(Number(count) + 1)),
  'a handle count, lower': inValue(['handle'], /(?<="block":\{[^}]*":)\d+/g, (count) => String(Number(count) - 1)),
  'an affinity state': inValue(['affinity'], /confirmed|pendingDeletion|pending/g, (state) =>
    state === 'confirmed' ? 'pending' : 'confirmed',
  ),
  'a configuration value': inValue(['config'], /true|\d+/g, (value) => (value === 'true' ? 'false' : otherDigit(value))),
  'a resource': inValue(['pool', 'reservation', 'node'], /(?<="spec":\{.*)\d/g, otherDigit),
  'any byte': anyByte,
  'a change left out': deletedChange,
  'a key added': addedKey,
  'a key renamed': renamedKey,
  'an address in a result': inResult(isAddress, (text: string) => text.replace(/[\da-f]?(?=\/|$)/, (digit) => (digit === '1' ? '2' : '1'))),
  'a mask in a result': inResult(
    (value) => isAddress(value) && String(value).includes('/'),
    (text: string) => text.replace(/\/(\d+)$/, (_, bits) => `/${Number(bits) - 1}`),
  ),
  'an order in a result': inResult(
    (value) => Array.isArray(value) && value.length > 1 && value.every(isAddress),
    (list: string[]) => list.toReversed(),
  ),
  'a result item left out': inResult(
    (value) => Array.isArray(value) && value.length > 0,
    (list: unknown[]) => list.slice(1),
  ),
  'a result item added': inResult(
    (value, name) => Array.isArray(value) && ['ips', 'released', 'unallocated', 'claimed', 'failed'].includes(name),
    (list: unknown[]) => [...list, '192.0.2.1'],
  ),
  'a message': inResult(
    (value, name) => typeof value === 'string' && /[A-Z].* /.test(value) && /^\d+$/.test(name),
    (text: string) => `${text} `,
  ),
  'a number in a result': inResult(
    (value) => typeof value === 'number',
    (number: number) => number + 1,
  ),
  'a flag in a result': inResult(
    (value) => typeof value === 'boolean',
    (flag: boolean) => !flag,
  ),
  'an error left out': missingError,
  'an error added': addedError,
  'an error text': alteredError,
  'a digit in an error': alteredErrorDigit,
};
