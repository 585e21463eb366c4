import { describe, expect, it } from 'vitest';
import { jsonPatch, mergePatch } from '../../../src/cli/resources/json-patch.ts';

describe('mergePatch', () => {
  // RFC 7386, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });
});

describe('jsonPatch', () => {
  // RFC 6902, appendix A, and the same on lists.
  it.each([
    ['adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    ['adds to a list', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    ['adds at the end', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['a'] }], { foo: ['bar', ['a']] }],
    ['removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['removes from a list', { foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['a', 'c'] }],
    ['replaces', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
    ['replaces in a list', { foo: [1, 2] }, [{ op: 'replace', path: '/foo/0', value: 3 }], { foo: [3, 2] }],
    [
      'moves',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'moves in a list',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    ['tests', { baz: { x: 1, y: [2] } }, [{ op: 'test', path: '/baz', value: { y: [2], x: 1 } }], { baz: { x: 1, y: [2] } }],
    ['reads escapes', { '/': 9, '~1': 10 }, [{ op: 'remove', path: '/~01' }], { '/': 9 }],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['adds null', { a: 1 }, [{ op: 'add', path: '/b', value: null }], { a: 1, b: null }],
  ])('%s', (_what, target, patch, value) => {
    const before = JSON.stringify(target);
    expect(jsonPatch(target, patch)).toEqual({ kind: 'patched', value });
    expect(JSON.stringify(target)).toBe(before);
  });

  it.each([
    ['no list', { op: 'remove', path: '/a' }, 'a list of operations'],
    ['a failed test', [{ op: 'test', path: '/a', value: 2 }], 'operation 1: test failed: /a is 1'],
    ['nothing there', [{ op: 'remove', path: '/b' }], 'there is nothing at /b'],
    ['nothing there to replace', [{ op: 'replace', path: '/b', value: 1 }], 'there is nothing at /b'],
    ['no parent', [{ op: 'add', path: '/b/c', value: 1 }], 'there is nothing at /b'],
    ['beyond the end', [{ op: 'add', path: '/list/4', value: 1 }], "'4' is no place in a list of 1"],
    ['an index with zeros', [{ op: 'remove', path: '/list/00' }], 'there is nothing at /list/00'],
    ['no pointer', [{ op: 'add', path: 'b', value: 1 }], 'path must be a pointer'],
    ['no value', [{ op: 'add', path: '/b' }], 'value is missing'],
    ['an unknown operation', [{ op: 'spam', path: '/a' }], "op is 'spam'"],
    ['the whole removed', [{ op: 'remove', path: '' }], 'cannot be removed'],
  ])('refuses %s, whole', (_what, patch, reason) => {
    expect(jsonPatch({ a: 1, list: [0] }, patch)).toEqual({ kind: 'bad-patch', reason: expect.stringContaining(reason) });
  });
});
