/** Logging: the only user of pino. Lines are JSON on stderr; stdout belongs to results. */

import { openSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Fields of one event: `event` names it with a constant, values are fields. The four levels of use, no more. */
export interface Logger {
  debug(fields: object): void;
  info(fields: object): void;
  warn(fields: object): void;
  error(fields: object): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Drops everything; costs nothing to load. */
export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop };

function drop(): void {}

/** The level that `text` names, in any letter case; `undefined` when it names none. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const wanted = text.toLowerCase();
  return LOG_LEVELS.find((level) => level === wanted);
}

/**
 * A logger that writes to stderr at once: a short-lived process would lose lines that wait in a buffer.
 * `silent` does not even load pino.
 */
export async function createLogger(options: { readonly level: LogLevel }): Promise<Logger> {
  if (options.level === 'silent') return silentLogger;
  const { pino } = await import('pino');
  const logger: Logger = pino({ level: options.level, base: null }, pino.destination({ dest: 2, sync: true }));
  return logger;
}

export interface LazyLogOptions {
  readonly level: LogLevel;
  readonly file: string | undefined;
  readonly stderr?: ((lines: string) => void) | undefined;
}

/** A logger whose lines may still wait to be written. */
export interface BufferedLogger extends Logger {
  /** Resolves when every line is out; never rejects. */
  flush(): Promise<void>;
}

/**
 * A logger to stderr, or appending to `file`, that loads pino only for a line that is to be written: a process that lives for
 * milliseconds and has nothing to say does not pay for it. `stderr` takes the lines in place of this process's own.
 */
export function createLazyLogger({ level, file, stderr }: LazyLogOptions): BufferedLogger {
  const waiting: { readonly level: Exclude<LogLevel, 'silent'>; readonly fields: object }[] = [];
  const from = LOG_LEVELS.indexOf(level);
  const at = (own: Exclude<LogLevel, 'silent'>) =>
    LOG_LEVELS.indexOf(own) < from ? drop : (fields: object) => void waiting.push({ level: own, fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    flush: async () => {
      if (waiting.length === 0) return;
      try {
        const { pino } = await import('pino');
        const logger = pino({ level, base: null }, await destinationOf(pino, file, stderr));
        for (const { level: own, fields } of waiting.splice(0)) logger[own](fields);
      } catch {
        // A full disk: what was done counts, not what could be said of it.
      }
    },
  };
}

type Pino = typeof import('pino').pino;

/** Stderr too when the file cannot be opened: a log must not fail the work. */
async function destinationOf(pino: Pino, file: string | undefined, stderr: LazyLogOptions['stderr']): Promise<DestinationStream> {
  const fallback = () => (stderr ? { write: stderr } : pino.destination({ dest: 2, sync: true }));
  if (file === undefined) return fallback();
  try {
    return pino.destination({ dest: openSync(file, 'a', 0o640), sync: true });
  } catch {
    return fallback();
  }
}
