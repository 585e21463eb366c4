/** The histories that ship with the tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIXTURES = new URL('../fixtures/', import.meta.url);

export const ALLOW_FILE = fileURLToPath(new URL('allow.txt', import.meta.url));

/** Paths of all 109, in order. */
export function historyFiles(): string[] {
  return ['histories/', 'histories-more/'].flatMap((folder) => {
    const at = new URL(folder, FIXTURES);
    return readdirSync(at)
      .toSorted()
      .map((name) => fileURLToPath(new URL(name, at)));
  });
}

export function historyText(file: string): string {
  return readFileSync(file, 'utf8');
}
