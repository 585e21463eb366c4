/**
 * The blocks that this node took addresses from last, kept from call to call: an ADD or DEL reads them along in its first
 * request, and needs no second. They are a guess: lost, old or wrong, the answer is the same.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Work } from './verbs.ts';

const FOLDER_MODE = 0o700;
const BLOCKS_MAX = 4;

/** Whose blocks they are. */
export interface HintsOf {
  /** A valid name of a network, which is a valid name of a file. */
  readonly network: string;
  readonly store: string;
  readonly host: string;
}

export class BlockHints {
  readonly #file: string;
  readonly #of: HintsOf;
  #blocks: readonly string[] = [];

  /** Reads what `folder` has; nothing is reported when that fails. */
  constructor(folder: string, of: HintsOf) {
    this.#file = join(folder, `${of.network}.json`);
    this.#of = of;
    try {
      const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as HintsOf & { readonly blocks?: unknown };
      if (kept.store === of.store && kept.host === of.host && Array.isArray(kept.blocks))
        this.#blocks = kept.blocks.filter((block) => typeof block === 'string').slice(-BLOCKS_MAX);
    } catch {
      // There is none yet, or it is of no use.
    }
  }

  /** CIDRs. */
  get blocks(): readonly string[] {
    return this.#blocks;
  }

  /** Keeps the blocks of an answer, where they are new. */
  note(blocks: readonly string[]): void {
    const all = [...new Set([...this.#blocks, ...blocks])].slice(-BLOCKS_MAX);
    if (all.every((block) => this.#blocks.includes(block))) return;
    this.#blocks = all;
    const draft = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(join(this.#file, '..'), { recursive: true, mode: FOLDER_MODE });
      writeFileSync(draft, JSON.stringify({ ...this.#of, blocks: all }), { mode: 0o600 });
      renameSync(draft, this.#file);
    } catch {
      // The next call reads once more.
    }
  }
}

/** None for a store whose reads cost nothing. */
export function blockHintsOf({ hintsFolder, attachment, store, host }: Work): BlockHints | undefined {
  if (hintsFolder === undefined || store.url.startsWith('lmdb:')) return undefined;
  const name = store.url === 'etcd://' ? (store.env['ETCD_ENDPOINTS'] ?? '') : store.url;
  return new BlockHints(hintsFolder, { network: attachment.network, store: name, host });
}
