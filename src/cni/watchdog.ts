/**
 * A second thread that ends the process, with an answer, when the first one is stuck: LMDB waits for its write lock in native
 * code, and a holder that was stopped, not killed, lets it wait for ever. It costs a millisecond.
 */

/** Plain JavaScript, since it is evaluated as text: there is no file beside a compiled executable. */
const WATCH = `(timeoutMs, answer) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs);
  require('node:fs').writeSync(1, answer);
  process.kill(process.pid, 'SIGKILL');
}`;

/** After `timeoutMs` writes `answer` to stdout and kills the process, unless it has ended before. */
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
