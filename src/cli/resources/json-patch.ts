/** Patches of plain JSON: merge (RFC 7386) and operations (RFC 6902). Neither changes its arguments. */
import { isObject } from './manifest.ts';

export type Patched = { readonly kind: 'patched'; readonly value: unknown } | { readonly kind: 'bad-patch'; readonly reason: string };

/** RFC 7386: objects are merged, null removes, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), value));
  }
  return Object.fromEntries(members);
}

/** RFC 6902: all operations, or none. */
export function jsonPatch(target: unknown, patch: unknown): Patched {
  if (!Array.isArray(patch)) return bad('a JSON patch is a list of operations');
  let value = structuredClone(target);
  for (const [index, operation] of patch.entries()) {
    try {
      value = operate(value, operation);
    } catch (error) {
      if (error instanceof BadOperation) return bad(`operation ${index + 1}: ${error.message}`);
      throw error;
    }
  }
  return { kind: 'patched', value };
}

function bad(reason: string): Patched {
  return { kind: 'bad-patch', reason };
}

/** Ends one operation; never leaves this file. */
class BadOperation extends Error {}

function operate(document: unknown, operation: unknown): unknown {
  if (!isObject(operation)) throw new BadOperation('expected an object with op and path');
  const path = pointerOf(operation, 'path');
  switch (operation['op']) {
    case 'add':
      find(document, path.slice(0, -1));
      return put(document, path, valueOf(operation), 'add');
    case 'remove':
      find(document, path);
      return remove(document, path);
    case 'replace':
      find(document, path);
      return put(document, path, valueOf(operation), 'replace');
    case 'move': {
      const from = pointerOf(operation, 'from');
      return put(remove(document, from), path, find(document, from), 'add');
    }
    case 'copy':
      return put(document, path, structuredClone(find(document, pointerOf(operation, 'from'))), 'add');
    case 'test':
      if (canonical(find(document, path)) === canonical(valueOf(operation))) return document;
      throw new BadOperation(`test failed: ${String(operation['path'])} is ${JSON.stringify(find(document, path))}`);
    default:
      throw new BadOperation(`op is '${String(operation['op'])}'; expected add, remove, replace, move, copy or test`);
  }
}

function valueOf(operation: Readonly<Record<string, unknown>>): unknown {
  if (!('value' in operation)) throw new BadOperation('value is missing');
  return operation['value'];
}

/** RFC 6901. */
function pointerOf(operation: Readonly<Record<string, unknown>>, member: 'path' | 'from'): readonly string[] {
  const text = operation[member];
  if (text === '') return [];
  if (typeof text !== 'string' || !text.startsWith('/')) throw new BadOperation(`${member} must be a pointer such as /spec/disabled`);
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function find(document: unknown, path: readonly string[]): unknown {
  return path.reduce((value, token) => {
    if (Array.isArray(value) && isIndex(token, value.length - 1)) return value[Number(token)] as unknown;
    if (isObject(value) && Object.hasOwn(value, token)) return value[token];
    throw new BadOperation(`there is nothing at /${path.join('/')}`);
  }, document);
}

function put(document: unknown, path: readonly string[], value: unknown, how: 'add' | 'replace'): unknown {
  const [token, ...rest] = path;
  if (token === undefined) return value;
  if (rest.length > 0) return withChild(document, token, put(find(document, [token]), rest, value, how));
  if (!Array.isArray(document)) return withChild(document, token, value);
  const index = token === '-' ? document.length : Number(token);
  if (token !== '-' && !isIndex(token, document.length)) throw new BadOperation(`'${token}' is no place in a list of ${document.length}`);
  return document.toSpliced(index, how === 'add' ? 0 : 1, value);
}

function remove(document: unknown, path: readonly string[]): unknown {
  const [token, ...rest] = path;
  if (token === undefined) throw new BadOperation('the whole document cannot be removed');
  const child = find(document, [token]);
  if (rest.length > 0) return withChild(document, token, remove(child, rest));
  if (Array.isArray(document)) return document.toSpliced(Number(token), 1);
  return Object.fromEntries(Object.entries(document as object).filter(([name]) => name !== token));
}

function withChild(document: unknown, token: string, child: unknown): unknown {
  if (Array.isArray(document)) return document.with(Number(token), child);
  if (!isObject(document)) throw new BadOperation(`'${token}' is below a value that has no members`);
  return Object.fromEntries([...Object.entries(document).filter(([name]) => name !== token), [token, child]]);
}

function isIndex(token: string, last: number): boolean {
  return /^(0|[1-9]\d*)$/.test(token) && Number(token) <= last;
}

/** The same text for equal values, whatever the order of members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
}
