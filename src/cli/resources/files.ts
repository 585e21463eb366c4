/** `-f FILE|-|DIR`: documents out of files, stdin and folders. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Terminal } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { isObject, type Origin } from './manifest.ts';

export interface Document {
  readonly value: unknown;
  readonly origin: Origin;
}

const MANIFEST_FILE = /\.(ya?ml|json)$/i;

/** All documents in order; the members of a `…List` are documents. Empty ones are left out. */
export async function readDocuments(terminal: Terminal, paths: readonly string[], recursive: boolean): Promise<readonly Document[]> {
  const texts = (await Promise.all(paths.map((path) => readPath(terminal, path, recursive)))).flat();
  const documents = await Promise.all(texts.map(({ file, text }) => parseDocuments(file, text)));
  return documents.flat();
}

interface Text {
  readonly file: string;
  readonly text: string;
}

async function readPath(terminal: Terminal, path: string, recursive: boolean): Promise<readonly Text[]> {
  if (path === '-') return [{ file: 'stdin', text: await terminal.readInput() }];
  const info = await stat(path).catch(unreadable);
  if (!info.isDirectory()) return [{ file: path, text: await readFile(path, 'utf8').catch(unreadable) }];
  const files = (await readdir(path, { recursive, withFileTypes: true }).catch(unreadable))
    .filter((entry) => entry.isFile() && MANIFEST_FILE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8').catch(unreadable) })));
}

function unreadable(error: NodeJS.ErrnoException): never {
  throw new Refusal('file', `-f: ${error.message}. Give a file, a folder, or - for stdin.`, { reason: error.code });
}

async function parseDocuments(file: string, text: string): Promise<readonly Document[]> {
  const { parseAllDocuments } = await import('yaml');
  // JSON is YAML.
  const parsed = parseAllDocuments(text);
  const values = (Array.isArray(parsed) ? parsed : []).map((document) => {
    const [error] = document.errors;
    if (error)
      throw new Refusal('invalid-resource', `${file} is neither YAML nor JSON: ${error.message.split('\n')[0]?.replace(/:$/, '')}`, {
        file,
      });
    return document.toJS() as unknown;
  });
  const members = values.filter((value) => value !== null && value !== undefined).flatMap(membersOf);
  return members.map((value, index) => ({ value, origin: { file, document: members.length === 1 ? undefined : index + 1 } }));
}

/** `kind: List`, `kind: IPPoolList`, or a bare list. */
function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isObject(value) || !String(value['kind'] ?? '').endsWith('List')) return [value];
  const { items } = value as { items?: unknown };
  return Array.isArray(items) ? items : [value];
}

/** `pools.yaml, document 2`. */
export function originText({ file, document }: Origin): string {
  return document === undefined ? file : `${file}, document ${document}`;
}
