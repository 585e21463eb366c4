/** Documents as tests read them: their fenced code, and whether a source has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export interface Fence {
  /** Text of the last heading before it, without its marks. */
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}

/** Text of a file of the project. */
export function fileText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The fenced code of a document, in order. */
export function fencesOf(path: string): Fence[] {
  let heading = '';
  return [...fileText(path).matchAll(/^#+ +(.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, title, language = '', code]) => {
    if (title !== undefined) heading = title.replaceAll('`', '');
    return code === undefined ? [] : [{ heading, language, code }];
  });
}

/** Code as it reads without indentation and blank lines, so that a test may hold it at any depth. */
export function unindented(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
