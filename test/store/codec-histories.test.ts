/** What real Calico wrote, in every history, goes through the codec unchanged. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseJson } from '../../src/core/json.ts';
import { decode, encode } from '../../src/store/codec.ts';
import { parseKey } from '../../src/store/keys.ts';
import { bytesOf } from '../support/codec.ts';

interface Step {
  readonly op: string;
  readonly key?: string;
  readonly value?: string;
  readonly changes?: Readonly<Record<string, string | null>>;
}

const FIXTURES = new URL('../fixtures/', import.meta.url);
const HISTORIES = ['histories', 'histories-more'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, FIXTURES)).map((file) => {
    const { steps } = JSON.parse(readFileSync(new URL(`${folder}/${file}`, FIXTURES), 'utf8')) as { steps: readonly Step[] };
    return { file: `${folder}/${file}`, steps };
  }),
);

/** Key and value of everything a step left behind. */
function written(steps: readonly Step[]): (readonly [key: string, value: string])[] {
  return steps.flatMap((step) =>
    Object.entries(step.changes ?? {}).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  );
}

/** The value after a rewrite without changes; undefined when the key is none of ours; the reason when corrupt. */
function rewrite(key: string, value: string): string | undefined {
  const ref = parseKey(key);
  if (!ref) return undefined;
  const decoded = decode(ref, bytesOf(value));
  return decoded.kind === 'ok' ? new TextDecoder().decode(encode(ref, decoded.record)) : decoded.reason;
}

function objectIn(value: string): JsonObject {
  const parsed = parseJson(value);
  return parsed.kind === 'json' && isJsonObject(parsed.value) ? parsed.value : new Map();
}

function namesIn(value: string): string[] {
  return [...objectIn(value).keys()];
}

function attributesIn(value: string): readonly Json[] {
  const attributes = objectIn(value).get('attributes');
  return isJsonArray(attributes) ? attributes : [];
}

/** Why a value put by hand may be stored differently when it is rewritten (data model §8). */
const RULES: Readonly<Record<string, (key: string, value: string) => boolean>> = {
  'strictAffinity is dropped': (_key, value) => namesIn(value).includes('strictAffinity'),
  'null members of attributes are dropped': (_key, value) =>
    attributesIn(value).some((attribute) => isJsonObject(attribute) && [...attribute.values()].includes(null)),
  'missing members are written': (key, value) => /\/(block|handle)\//.test(key) && !namesIn(value).includes('deleted'),
  'members are written in order': (_key, value) => /"deleted".*"sequenceNumber"/.test(value),
  'false and 0 are left out of the configuration': (key, value) => key.endsWith('/config') && /:(false|0)\b/.test(value),
  'a host marker without content is {}': (key, value) => /\/host\/[^/]+$/.test(key) && value === '',
};

describe('every value that Calico wrote', () => {
  it.each(HISTORIES)('$file', ({ steps }) => {
    const byCalico = written(steps.filter((step) => step.op !== 'put'));
    const ours = byCalico.filter(([key]) => parseKey(key) !== undefined);
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.map(([key, value]) => [key, rewrite(key, value)])).toEqual(ours);
  });

  it('and every key: all those of IPAM, pools, reservations and nodes are ours', () => {
    const others = HISTORIES.flatMap(({ steps }) => written(steps).map(([key]) => key)).filter((key) => parseKey(key) === undefined);
    expect(new Set(others.map((key) => key.replace(/[^/]+$/, '')))).toEqual(
      new Set(['/calico/resources/v3/projectcalico.org/clusterinformations/', '/calico/resources/v3/projectcalico.org/tiers/']),
    );
  });
});

describe('every value put by hand', () => {
  const put = HISTORIES.flatMap(({ steps }) =>
    steps.filter((step) => step.op === 'put').map((step) => [step.key ?? '', step.value ?? ''] as const),
  );
  const isCorrupt = ([key, value]: readonly [string, string]) => {
    const ref = parseKey(key);
    return ref !== undefined && decode(ref, bytesOf(value)).kind === 'corrupt';
  };
  const changed = put.filter((entry) => !isCorrupt(entry) && rewrite(...entry) !== entry[1]);

  it('CF-11 is corrupt where Calico could not read it either, nowhere else', () => {
    expect(put.filter(isCorrupt)).toEqual([['/calico/ipam/v2/config', 'not json']]);
  });

  it('is rewritten as it was, or differs by a rule', () => {
    const unexplained = changed.filter(([key, value]) => !Object.values(RULES).some((applies) => applies(key, value)));
    expect(unexplained).toEqual([]);
  });

  it.each(Object.entries(RULES))('%s', (_rule, applies) => {
    expect(changed.filter(([key, value]) => applies(key, value)).length).toBeGreaterThan(0);
  });

  it('is rewritten once: then it stays', () => {
    const again = changed.map(([key, value]) => [key, rewrite(key, value) ?? ''] as const);
    expect(again.map(([key, value]) => [key, rewrite(key, value)])).toEqual(again);
  });
});
