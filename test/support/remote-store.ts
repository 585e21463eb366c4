/** A store in another process, of Node or bun: the second client of a contract test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Entry, type ListOptions, type Store, StoreError, type StoreErrorCode } from '../../src/store/port.ts';
import { asJson, fromJson } from './remote-json.ts';

/** What the other process is told to do; `signal` stays here. */
export type RemoteCall = { readonly id: number } & (
  | { readonly verb: 'read'; readonly args: readonly [Parameters<Store['read']>[0]] }
  | { readonly verb: 'list'; readonly args: readonly [string, Omit<ListOptions, 'signal'>] }
  | { readonly verb: 'commit'; readonly args: readonly [Parameters<Store['commit']>[0]] }
  | { readonly verb: 'close'; readonly args: readonly [] }
);

export type RemoteAnswer = { readonly id: number } & ( // JSON leaves out what is undefined.
  | { readonly value?: unknown }
  | { readonly code: StoreErrorCode; readonly message: string }
  | { readonly bug: string }
);

/**
 * Starts a process that opens the store `url`, an etcd by its JSON gateway, and gives it here; closing it ends the process.
 * It cannot watch. `bun`: the program to run it with, instead of Node.
 */
export async function openRemoteStore(url: string, { bun }: { readonly bun?: string } = {}): Promise<Store> {
  const runtime = bun === undefined ? { execArgv: ['--import', 'tsx'] } : { execPath: bun, execArgv: [] };
  const child = fork(fileURLToPath(new URL('./remote-store-process.ts', import.meta.url)), [url], runtime);
  await once(child, 'message');
  return new RemoteStore(url, child);
}

type Verb<V extends RemoteCall['verb']> = Omit<Extract<RemoteCall, { verb: V }>, 'id'>;

class RemoteStore implements Store {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on('message', (message) => this.#settle(fromJson(message) as RemoteAnswer));
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the other process has ended'));
    });
  }

  read(...args: Parameters<Store['read']>): ReturnType<Store['read']> {
    return this.#call({ verb: 'read', args: [args[0]] });
  }

  commit(...args: Parameters<Store['commit']>): ReturnType<Store['commit']> {
    return this.#call({ verb: 'commit', args: [args[0]] });
  }

  async *list(prefix: string, { signal: _, ...options }: ListOptions = {}): AsyncGenerator<{ revision: bigint; entries: Entry[] }> {
    yield* await this.#call<{ revision: bigint; entries: Entry[] }[]>({ verb: 'list', args: [prefix, options] });
  }

  watch(): never {
    throw new Error('a store in another process cannot watch');
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    await this.#call({ verb: 'close', args: [] });
    this.#child.disconnect();
    await exit;
  }

  #call<T>(call: Verb<'read'> | Verb<'list'> | Verb<'commit'> | Verb<'close'>): Promise<T> {
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.send(asJson({ ...call, id }) as object);
    });
  }

  #settle(answer: RemoteAnswer): void {
    const call = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('code' in answer) call?.reject(new StoreError(answer.code, answer.message));
    else if ('bug' in answer) call?.reject(new Error(answer.bug));
    else call?.resolve(answer.value);
  }
}
