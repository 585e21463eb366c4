/** What runs of gc saw, kept for the next one: since when each candidate is one, and by which lists. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Suspects } from '../../ipam/upkeep/api.ts';
import { Refusal } from '../errors.ts';
import { type SeenLists, seenListsIn } from '../evidence/seen-lists.ts';

const VERSION = 1;
/** Names of pods and nodes: not for everybody. */
const FILE_MODE = 0o600;

export interface Remembered {
  readonly suspects: Suspects;
  readonly lists: SeenLists;
}

/** Nothing when there is no such file yet. */
export async function readObservation(path: string): Promise<Remembered> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { suspects: new Map(), lists: [] };
    throw bad(path, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  let content: { kind?: unknown; version?: unknown; since?: unknown; lists?: unknown } | null;
  try {
    content = JSON.parse(text) as typeof content;
  } catch {
    throw bad(path, 'it is not JSON');
  }
  const since = Object.entries(content?.since ?? {});
  const lists = seenListsIn(content?.lists);
  if (content?.kind !== 'Observation' || content.version !== VERSION || !lists || since.some(([, ms]) => typeof ms !== 'number')) {
    throw bad(path, 'it is not what an earlier run of plat ipam gc wrote');
  }
  return { suspects: new Map(since as [string, number][]), lists };
}

/** Whole or not at all: a half-written one would be trusted by the next run. */
export async function writeObservation(path: string, { suspects, lists }: Remembered): Promise<void> {
  const text = JSON.stringify({ kind: 'Observation', version: VERSION, since: Object.fromEntries(suspects), lists }, undefined, 2);
  try {
    await writeFile(`${path}.new`, `${text}\n`, { mode: FILE_MODE });
    await rename(`${path}.new`, path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Refusal('bad-observation', `what was seen cannot be written to ${path} (${reason}). Nothing was collected.`, { file: path });
  }
}

function bad(path: string, why: string): Refusal {
  return new Refusal('bad-observation', `the observation ${path} cannot be used: ${why}. Delete it to begin anew.`, { file: path });
}
