/** Lists in files: what they say, and when they were taken. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { asParts, type Inventory } from '../../core/collect/inventory.ts';
import { type ReadInventory, readInUse, readNodes } from '../../core/collect/inventory-text.ts';
import type { Cli } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { type SeenList, type SeenLists, seenAtMs } from './seen-lists.ts';

export interface FileOptions {
  readonly nodesFrom?: readonly string[];
  readonly inUseFrom?: readonly string[];
  readonly host?: string;
  /** What is in none of the files is gone. */
  readonly evidenceIsComplete?: true;
}

export interface FileEvidence {
  readonly inventory: Inventory;
  /** Undefined: it only protects, so its age does not matter. */
  readonly list: SeenList | undefined;
  /** The file, when a list like it was seen before. */
  readonly repeated: string | undefined;
}

/** Throws a {@link Refusal} for a file that is not, or not visibly, a list. */
export async function readEvidenceFiles(cli: Cli, options: FileOptions, seen: SeenLists, nowMs: number): Promise<readonly FileEvidence[]> {
  const { inUseFrom = [], nodesFrom = [], host, evidenceIsComplete } = options;
  if (evidenceIsComplete && inUseFrom.length + nodesFrom.length === 0) {
    throw new UsageError('--evidence-is-complete belongs to --in-use-from and --nodes-from.');
  }
  const files = [
    ...inUseFrom.map((path) => ({ path, read: readInUse, host })),
    ...nodesFrom.map((path) => ({ path, read: readNodes, host: undefined })),
  ];
  const evidence: FileEvidence[] = [];
  for (const file of files) evidence.push(await fromFile(cli, { ...file, isWhole: evidenceIsComplete === true, seen, nowMs }));
  return evidence;
}

interface FromFile {
  readonly path: string;
  readonly read: (text: string) => ReadInventory;
  readonly host: string | undefined;
  readonly isWhole: boolean;
  readonly seen: SeenLists;
  readonly nowMs: number;
}

async function fromFile(cli: Cli, { path, read, host, isWhole, seen, nowMs }: FromFile): Promise<FileEvidence> {
  const { text, writtenAtMs } = path === '-' ? { text: await cli.terminal.readInput(), writtenAtMs: nowMs } : await contentOf(path);
  const found = read(text);
  if (found.kind === 'bad') throw new Refusal('no-evidence', `${path} is no evidence: ${found.reason}.`, { file: path });
  const { inventory, isOfOneNode, version } = found;
  if (isOfOneNode && host === undefined) throw new UsageError(`${path} lists the sandboxes of one node. Say which: --host NODE`);
  const ofHost = { ...inventory, ...(host !== undefined && inventory.inUse && { host }) };
  if (!isWhole) return { inventory: asParts(ofHost), list: undefined, repeated: undefined };
  const list = { sha256: createHash('sha256').update(text).digest('hex'), ...(version !== undefined && { version }) };
  const seenAt = seenAtMs(seen, list);
  const takenAtMs = Math.min(nowMs, writtenAtMs, seenAt ?? nowMs);
  return { inventory: ofHost, list: { ...list, takenAtMs }, repeated: seenAt === undefined ? undefined : path };
}

async function contentOf(path: string): Promise<{ text: string; writtenAtMs: number }> {
  try {
    const { mtimeMs } = await stat(path);
    return { text: await readFile(path, 'utf8'), writtenAtMs: Math.floor(mtimeMs) };
  } catch (error) {
    throw new Refusal('no-evidence', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, { file: path });
  }
}
