/** What calicoctl printed over the final store of a history: test/fixtures/calicoctl. */
import { readFileSync } from 'node:fs';
import { openStore } from '../../../src/store/open.ts';

export interface Spoken {
  /** As typed, without the program's name, blanks and quotes as a shell reads them. */
  readonly args: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

export interface Transcript {
  /** The history whose final store it was. */
  readonly history: string;
  readonly commands: readonly Spoken[];
}

const FOLDER = new URL('../../fixtures/', import.meta.url);

export function readTranscript(name: string): Transcript {
  const [head = '', ...parts] = readFileSync(new URL(`calicoctl/${name}.txt`, FOLDER), 'utf8').split(/^\$ calicoctl /m);
  const [, history = ''] = /the end of (\S+)\.json/.exec(head) ?? [];
  return { history, commands: parts.map(spoken) };
}

function spoken(part: string): Spoken {
  const [, line = '', printed = '', exit = ''] = /^([^\n]*)\n([\s\S]*?)\[exit (\d+)\]\s*$/.exec(part) ?? [];
  const [stdout = '', stderr = ''] = printed.split(/^\[stderr\]\n/m);
  const args = [...line.matchAll(/(?:"([^"]*)"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));
  return { args, stdout, stderr, exit: Number(exit) };
}

interface History {
  readonly steps: readonly { readonly changes?: Readonly<Record<string, string | null>> }[];
}

/** Every key at the end of a history. */
export function finalStore(history: string): ReadonlyMap<string, string> {
  const { steps } = JSON.parse(readFileSync(new URL(`histories/${history}.json`, FOLDER), 'utf8')) as History;
  const entries = new Map<string, string>();
  for (const { changes = {} } of steps) {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
  }
  return entries;
}

/** Puts the entries into the store at `url`, as they are. */
export async function furnishStore(url: string, entries: Iterable<readonly [key: string, value: string]>): Promise<void> {
  const store = await openStore(url);
  try {
    const writes = [...entries].map(([key, value]) => ({ key, value: new TextEncoder().encode(value) }));
    for (let at = 0; at < writes.length; at += 100) {
      const outcome = await store.commit({ guards: [], writes: writes.slice(at, at + 100), deletes: [] });
      if (outcome.kind !== 'committed') throw new Error(`expected a commit, got ${outcome.kind}`);
    }
  } finally {
    await store.close();
  }
}
