/** What a group needs of local sockets: one line asked, one line answered. Bun and Node have their own. */

/** Longer ones do not fit a socket's buffer at once. */
export const LINE_BYTES_MAX = 64 * 2 ** 10;

/** Takes a line that is to be answered with `reply`; `gone` aborts when the one who asks no longer waits. */
export type TakeLine = (line: string, gone: AbortSignal, reply: (line: string) => void) => void;

export interface Listener {
  /** Nobody is let in any more, and the path is free; who was let in is still answered. */
  close(): void;
}

/**
 * `nobody`: there is no such path. `stale`: there is, and nobody listens. `gone`: the other side ended first. `silent`: it did not
 * answer before the signal aborted. `cut-off`: the line did not fit.
 */
export type Asked =
  | { readonly kind: 'answered'; readonly line: string }
  | { readonly kind: 'nobody' | 'stale' | 'gone' | 'silent' | 'cut-off' };

export interface Sockets {
  /** Undefined when the path is taken, or cannot be had. */
  listen(path: string, take: TakeLine): Promise<Listener | undefined>;
  ask(path: string, line: string, signal: AbortSignal): Promise<Asked>;
}

/** Gathers what arrives into one line. */
export class LineReader {
  readonly #from = new TextDecoder();
  #text = '';

  /** The line without its end, once; undefined before it is whole. */
  add(bytes: Uint8Array): string | undefined {
    this.#text += this.#from.decode(bytes, { stream: true });
    return this.#text.endsWith('\n') ? this.#text.slice(0, -1) : undefined;
  }
}

/** How a connection ended that failed with this code of the system. */
export function failureOf(code: unknown): Asked {
  if (code === 'ENOENT') return { kind: 'nobody' };
  return { kind: code === 'ECONNREFUSED' ? 'stale' : 'gone' };
}
