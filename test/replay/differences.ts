/** What a replay reports. */
import { type Json, JsonNumberText, type JsonObject } from '../../src/core/json.ts';

/** The six differences that are on purpose (fixtures README), one that a line of the allow file names, or none of these. */
export type Kind = 1 | 2 | 3 | 4 | 5 | 6 | 'allowed' | 'unexpected';

export const KINDS: ReadonlyMap<Kind, string> = new Map<Kind, string>([
  [1, 'handle counts'],
  [2, 'all or nothing'],
  [3, 'refusals'],
  [4, 'no pending states'],
  [5, 'repeated release'],
  [6, "keys that are not plat's"],
  ['allowed', 'allowed'],
  ['unexpected', 'unexpected'],
]);

/** One difference of one step. */
export interface Finding {
  /** A key, `error`, or a path into the result. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
  readonly kind: Kind;
}

export interface Difference extends Finding {
  readonly history: string;
  readonly step: number;
  readonly op: string;
  /** For `allowed`: the claim that the history shows Calico to be wrong in. */
  readonly claim?: string;
}

/** Every place where two results differ. */
export function resultFindings(expected: Json | undefined, got: Json | undefined, where = 'result'): Finding[] {
  if (expected instanceof Map && got instanceof Map) return memberFindings(expected as JsonObject, got as JsonObject, where);
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return expected.flatMap((item, index) => resultFindings(item, got[index], `${where}[${index}]`));
  }
  if (show(expected) === show(got)) return [];
  return [{ where, expected: show(expected), got: show(got), kind: 'unexpected' }];
}

function memberFindings(expected: JsonObject, got: JsonObject, where: string): Finding[] {
  const names = new Set([...expected.keys(), ...got.keys()]);
  return [...names].flatMap((name) => resultFindings(expected.get(name), got.get(name), `${where}.${name}`));
}

/** JSON text, or `absent`. */
function show(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'bigint') return String(value);
  if (value instanceof JsonNumberText) return value.text;
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(show).join(',')}]`;
  if (value instanceof Map) {
    const members = [...(value as JsonObject)].map(([name, member]) => `${JSON.stringify(name)}:${show(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
