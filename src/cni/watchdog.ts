/**
 * Ends the process when its main thread is stuck: LMDB waits for its write lock in native code, and a holder that was stopped, not
 * killed, lets it wait for ever.
 */

/** Of a second thread that writes the answer first. Plain JavaScript, since it is evaluated as text: there is no file beside a compiled executable. */
const WATCH = `(timeoutMs, answer) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
  require('node:fs').writeSync(1, answer);
  process.kill(process.pid, 'SIGKILL');
}`;

/** After `timeoutMs` writes `answer` to stdout and kills the process, unless it has ended before. Costs a few milliseconds. */
export async function startWatchdog(timeoutMs: number, answer: string): Promise<void> {
  const code = `(${WATCH})(${timeoutMs}, ${JSON.stringify(answer)});`;
  // Bun has the worker of browsers at hand; Node 20 has its own kind alone.
  const { Worker: WebWorker } = globalThis as { readonly Worker?: new (url: string) => unknown };
  if (WebWorker) {
    new WebWorker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    return;
  }
  const { Worker: NodeWorker } = await import('node:worker_threads');
  new NodeWorker(code, { eval: true }).unref();
}

/** What Bun has to call the C library with. https://bun.com/docs/runtime/ffi */
interface ForeignFunctions {
  dlopen(
    library: string,
    functions: { readonly alarm: { readonly args: readonly ['u32']; readonly returns: 'u32' } },
  ): { readonly symbols: { alarm(seconds: number): number } };
}

const FOREIGN_FUNCTIONS = 'bun:ffi';

/** The same without an answer, by alarm(2), which costs nothing; false where there is none. */
export async function startAlarm(timeoutMs: number): Promise<boolean> {
  if (!('Bun' in globalThis)) return false;
  try {
    const { dlopen } = (await import(FOREIGN_FUNCTIONS)) as ForeignFunctions;
    dlopen('libc.so.6', { alarm: { args: ['u32'], returns: 'u32' } }).symbols.alarm(Math.ceil(timeoutMs / 1_000));
    return true;
  } catch {
    return false;
  }
}
