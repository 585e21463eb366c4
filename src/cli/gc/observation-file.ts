/** What one run of gc saw, kept for the next one: since when each candidate is one. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Suspects } from '../../ipam/upkeep/api.ts';
import { Refusal } from '../errors.ts';

const VERSION = 1;
/** Names of pods and nodes: not for everybody. */
const FILE_MODE = 0o600;

/** Nothing when there is no such file yet. */
export async function readSuspects(path: string): Promise<Suspects> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw bad(path, `it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  let content: { kind?: unknown; version?: unknown; since?: unknown } | null;
  try {
    content = JSON.parse(text) as typeof content;
  } catch {
    throw bad(path, 'it is not JSON');
  }
  const since = Object.entries(content?.since ?? {});
  if (content?.kind !== 'Observation' || content.version !== VERSION || since.some(([, ms]) => typeof ms !== 'number')) {
    throw bad(path, 'it is not what an earlier run of plat ipam gc wrote');
  }
  return new Map(since as [string, number][]);
}

/** Whole or not at all: a half-written one would be trusted by the next run. */
export async function writeSuspects(path: string, suspects: Suspects): Promise<void> {
  const text = JSON.stringify({ kind: 'Observation', version: VERSION, since: Object.fromEntries(suspects) }, undefined, 2);
  await writeFile(`${path}.new`, `${text}\n`, { mode: FILE_MODE });
  await rename(`${path}.new`, path);
}

function bad(path: string, why: string): Refusal {
  return new Refusal('bad-observation', `the observation ${path} cannot be used: ${why}. Delete it to begin anew.`, { file: path });
}
