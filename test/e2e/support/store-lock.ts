/** The write lock of an embedded store, held from a machine of its own so that plugins in there wait for it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { vi } from 'vitest';
import type { Isolated } from './isolated.ts';
import { WAIT } from './stuck-adds.ts';

export class StoreLock {
  readonly #holder: ChildProcess;
  readonly #said: Promise<unknown>;

  constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.#said = once(holder.stdout as Readable, 'data');
  }

  /** Resolves once it is held. */
  async held(): Promise<void> {
    await Promise.race([this.#said, once(this.#holder, 'exit')]);
    if (this.#holder.exitCode !== null) throw new Error(`the lock cannot be held: exit code ${this.#holder.exitCode}`);
  }

  /** Resolves once it is next in the queue behind who holds it. */
  async queued(): Promise<void> {
    await vi.waitUntil(async () => {
      const entered = await readFile(`/proc/${this.#holder.pid}/task/${this.#holder.pid}/children`, 'utf8');
      return await waitsForLock(Number(entered));
    }, WAIT);
  }

  /** Whoever waits for it gets it. */
  async release(): Promise<void> {
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await ended;
  }
}

/** Takes the lock, as soon as nobody else has it. */
export function lockStore(machine: Isolated, folder: string): StoreLock {
  const { dirname } = import.meta;
  const program = [process.execPath, '--import', 'tsx', join(dirname, 'store-lock-process.ts'), folder];
  // Entered namespaces begin at the root folder, where Node would look for tsx.
  return new StoreLock(machine.start(['env', `--chdir=${dirname}`, ...program]));
}

/** Whether a process waits in the kernel for something in the lock file of an embedded store. */
export async function waitsForLock(pid: number): Promise<boolean> {
  try {
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
    const ranges = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) .*\/lock\.mdb$/gm)].map(
      ([, from, to]) => [BigInt(`0x${from}`), BigInt(`0x${to}`)] as const,
    );
    const threads = await readdir(`/proc/${pid}/task`);
    // The number of the call and its arguments; for a lock the first is its address.
    const calls = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/syscall`, 'utf8')));
    return calls.some((call) => {
      const address = /^\d+ (0x[0-9a-f]+)/.exec(call)?.[1];
      return address !== undefined && ranges.some(([from, to]) => from <= BigInt(address) && BigInt(address) < to);
    });
  } catch {
    // It ended while we looked.
    return false;
  }
}
