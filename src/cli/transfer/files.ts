/** Dumps as files: written whole or not at all, and read twice even when they come through a pipe. */
import { createReadStream } from 'node:fs';
import { access, mkdtemp, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../errors.ts';

/** Lines are written together up to about this length. */
const CHUNK_CHARACTERS = 64 * 1_024;

/** Texts joined to larger ones. */
export async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let parts: string[] = [];
  let characters = 0;
  for await (const text of texts) {
    parts.push(text);
    characters += text.length;
    if (characters < CHUNK_CHARACTERS) continue;
    yield parts.join('');
    parts = [];
    characters = 0;
  }
  if (characters > 0) yield parts.join('');
}

type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string>;

/**
 * Writes the file under another name first, so that under its own it is whole and on the disk. Readable by its owner alone. What is
 * no file (a pipe, /dev/stdout) is written as it is.
 */
export async function writeWhole(path: string, chunks: Chunks): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const isDevice = await stat(path).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  );
  if (isDevice) return writeThrough(path, chunks);
  const part = `${target}.part`;
  try {
    const file = await open(part, 'w', 0o600);
    try {
      for await (const chunk of chunks) await file.appendFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw fileRefusal(error, path);
  }
}

async function writeThrough(path: string, chunks: Chunks): Promise<void> {
  try {
    const file = await open(path, 'w');
    try {
      for await (const chunk of chunks) await file.appendFile(chunk);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileRefusal(error, path);
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The bytes of a file, each time from its beginning. */
export function opener(path: string, signal: AbortSignal): () => AsyncIterable<Uint8Array> {
  return async function* () {
    try {
      yield* createReadStream(path, { signal });
    } catch (error) {
      throw fileRefusal(error, path);
    }
  };
}

/** Keeps what can be read only once in a file of its own, which `write` fills, as long as `use` needs it. */
export async function spooled<T>(write: (path: string) => Promise<void>, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'plat-dump-'));
  try {
    const path = join(folder, 'dump');
    await write(path);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the file system refused, as the user's business; anything else as it is. */
function fileRefusal(error: unknown, path: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  const why = code === undefined ? undefined : (REASONS[code] ?? (syscall && `${message}.`));
  return why === undefined ? error : new Refusal('file', `${path}: ${why}`, { path, reason: code });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder.',
  EISDIR: 'this is a folder; name a file.',
  ENOTDIR: 'a part of the path is no folder.',
  EACCES: 'you may not read or write it.',
  EPERM: 'you may not read or write it.',
  EROFS: 'the file system is read-only.',
  ENOSPC: 'the disk is full. Free some space, then repeat the command.',
  EDQUOT: 'your quota is used up. Free some space, then repeat the command.',
};
