import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { collectList, collectPairs, parseCount, parseOneOf } from '../../src/cli/options.ts';

describe('parseCount', () => {
  it('takes whole numbers', () => {
    expect(['0', '1', '256'].map(parseCount)).toEqual([0, 1, 256]);
  });

  it.each(['', '-1', '1.5', '1e3', '0x10', ' 1', '99999999'])('refuses %j', (text) => {
    expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  });
});

describe('collectPairs', () => {
  it('collects pairs, the value being everything after the first sign, and lets the last one win', () => {
    const pairs = ['a=1', 'b=x=y', 'c=', 'a=2'].reduce<Record<string, string> | undefined>(
      (previous, text) => collectPairs(text, previous),
      undefined,
    );
    expect(pairs).toEqual({ a: '2', b: 'x=y', c: '' });
  });

  it('takes any key as a key', () => {
    expect(Object.entries(collectPairs('__proto__=1', undefined))).toEqual([['__proto__', '1']]);
  });

  it.each(['', 'a', '=1'])('refuses %j', (text) => {
    expect(() => collectPairs(text, undefined)).toThrow(InvalidArgumentError);
  });
});

describe('collectList', () => {
  it('collects repeated values and lists with commas', () => {
    expect(collectList('c', collectList('a, b', undefined))).toEqual(['a', 'b', 'c']);
  });

  it.each(['', 'a,', ',a'])('refuses %j', (text) => {
    expect(() => collectList(text, undefined)).toThrow(InvalidArgumentError);
  });
});

describe('parseOneOf', () => {
  it('gives the name in its own spelling, whatever letter case was given', () => {
    expect(parseOneOf(['Automatic', 'Manual'])('manual')).toBe('Manual');
  });

  it('names the choices when it refuses', () => {
    expect(() => parseOneOf(['Automatic', 'Manual'])('auto')).toThrow('Automatic or Manual');
  });
});
