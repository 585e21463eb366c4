import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareUtf8,
  JSON_DEPTH_MAX,
  type Json,
  JsonNumberText,
  type JsonObject,
  parseJson,
  printJson,
  printString,
} from '../../src/core/json.ts';

function parsed(text: string): Json {
  const result = parseJson(text);
  if (result.kind === 'bad-json') throw new Error(`${result.reason} at ${result.position}: ${text}`);
  return result.value;
}

/** What the built-in parser would have made of the same text. */
function asPlain(value: Json): unknown {
  if (value instanceof JsonNumberText) return Number(value.text);
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Map) return Object.fromEntries([...(value as JsonObject)].map(([name, member]) => [name, asPlain(member)]));
  return Array.isArray(value) ? value.map(asPlain) : value;
}

const anyString = fc.string({ unit: 'grapheme' });
const numberText = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,6})?([eE][+-]?\d{1,3})?$/).map((text) => parsed(text));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    anyString,
    fc.maxSafeInteger(),
    numberText,
    fc.array(tie('json')),
    fc.array(fc.tuple(anyString, tie('json'))).map((members) => new Map(members)),
  ),
}));

describe('numbers', () => {
  it.each(['0', '-1', '42', '0.5', '9007199254740991', '-9007199254740991', '1e+21'])('%s is a number', (text) => {
    expect(parsed(text)).toBe(Number(text));
  });

  it('numbers read the same in a list or an object as alone, whatever their length and whatever follows', () => {
    const texts = ['0', '7', '63', '999999999', '1234567890', '123456789012345678901', '10.5', '1.0', '12e3', '-1', '10'];
    const alone = texts.map(parsed);
    expect(parsed(`[${texts.join(',')}]`)).toEqual(alone);
    expect(parsed(`[${texts.join(' , ')} ]`)).toEqual(alone);
    for (const [index, text] of texts.entries()) expect(parsed(`{"a":${text}}`)).toEqual(new Map([['a', alone[index]]]));
    for (const text of ['[01]', '[1', '[12x]', '[1.]', '[1:2]', '{"a":1]']) expect(parseJson(text).kind).toBe('bad-json');
  });

  it.each(['9007199254740992', '-9007199254740993', '1787380200123456789', '18446744073709551615', `1${'0'.repeat(40)}`])(
    '%s is a bigint',
    (text) => {
      expect(parsed(text)).toBe(BigInt(text));
    },
  );

  it.each(['1.0', '1e3', '-0', '1e400', '0.10', '1E2', '0.1000000000000000055511151231257827'])('%s keeps its text', (text) => {
    expect(parsed(text)).toEqual(new JsonNumberText(text));
  });

  it('prints every number with the text it was read from', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,6})?([eE][+-]?\d{1,3})?$/), (text) => {
        expect(printJson(parsed(text))).toBe(text);
      }),
    );
  });

  it('refuses to print what is no JSON number', () => {
    expect(() => printJson(Number.NaN)).toThrow('finite');
  });
});

describe('strings', () => {
  it('escapes like Go: controls, <, >, &, U+2028, U+2029, nothing else', () => {
    const ascii = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)).join('');
    // Printed by encoding/json of Go 1.26.
    const controls =
      '\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f' +
      '\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f';
    const rest =
      ' !\\"#$%\\u0026\'()*+,-./0123456789:;\\u003c=\\u003e?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f';
    expect(printString(ascii)).toBe(`"${controls}${rest}"`);
    expect(printString('\u0080\u009f\u2028\u2029\ufffd\ufeff😀é')).toBe('"\u0080\u009f\\u2028\\u2029\ufffd\ufeff😀é"');
  });

  it('prints an unpaired surrogate as \\ufffd', () => {
    expect(printString('a\ud800b\udc00\ud83d\ude00')).toBe('"a\\ufffdb\\ufffd😀"');
  });

  it('reads all escapes, and unpaired surrogates as U+FFFD, as Go does', () => {
    expect(parsed('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u003C"')).toBe('"\\/\b\f\n\r\té<');
    expect(parsed('"\\ud800 \\udc00\\ud83d\\ude00 \\ud83dx"')).toBe('\ufffd \ufffd😀 \ufffdx');
    expect(parsed('"\\ud83d\ude00"')).toBe('😀');
  });
});

describe('objects', () => {
  it.each(['{"b":1,"10":2,"2":3,"a":4}', '{"__proto__":{"x":1},"constructor":2}', '{"":0}'])(
    '%s keeps the order of its members',
    (text) => {
      expect(printJson(parsed(text))).toBe(text);
    },
  );

  it('takes the last of members with the same name', () => {
    expect(printJson(parsed('{"a":1,"b":2,"a":3}'))).toBe('{"a":3,"b":2}');
  });
});

describe('documents', () => {
  it('reads back what it printed', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parsed(printJson(value))).toEqual(value);
      }),
    );
  });

  it('reads what the built-in parser reads, blanks included', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t', '\r\n '), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(asPlain(parsed(text))).toEqual(JSON.parse(text));
        expect(asPlain(parsed(spaced))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what the built-in parser refuses', () => {
    const isJson = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ' ', '"', '\\', ',', ':', '{', '}', '[', ']', '0', '-', '.', 'e', 'n', '\u0001', '\ufeff'),
      )
      .map(([text, at, patch]) => text.slice(0, at % (text.length + 1)) + patch + text.slice((at % (text.length + 1)) + 1));
    fc.assert(
      fc.property(damaged, (text) => {
        expect(parseJson(text).kind).toBe(isJson(text) ? 'json' : 'bad-json');
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['', 'unexpected end', 0],
    ['  ', 'unexpected end', 2],
    ['not json', 'unexpected character "n"', 0],
    ['{"a":1} x', 'unexpected character "x"', 8],
    ['{"a":1,}', 'unexpected character "}"', 7],
    ['{"a" 1}', 'unexpected character "1"', 5],
    ['[1 2]', 'unexpected character "2"', 3],
    ['[1', 'unexpected end', 2],
    ['01', 'unexpected character "1"', 1],
    ['-', 'unexpected end', 1],
    ['"a', 'unexpected end', 2],
    ['"a\nb"', 'unexpected character "\\n"', 2],
    ['"\\x"', 'bad escape in a string', 1],
    ['"\\u12g4"', 'bad escape in a string', 1],
    ['\ufeff{}', 'unexpected character "\ufeff"', 0],
  ])('%j is refused: %s at %i', (text, reason, position) => {
    expect(parseJson(text)).toEqual({ kind: 'bad-json', reason, position });
  });

  it('refuses deep nesting instead of running out of stack', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(printJson(parsed(nested(JSON_DEPTH_MAX)))).toBe(nested(JSON_DEPTH_MAX));
    expect(parseJson(nested(JSON_DEPTH_MAX + 1))).toMatchObject({ kind: 'bad-json', reason: expect.stringContaining('nested deeper') });
    expect(parseJson('{"a":'.repeat(1_000_000))).toMatchObject({ kind: 'bad-json' });
  });
});

describe('compareUtf8', () => {
  it('orders as UTF-8 bytes do', () => {
    const wellFormed = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\ue000', '\uffff', '😀', '\ud7ff', 'a', '1'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 1_000 },
    );
  });
});
