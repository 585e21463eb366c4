/** Logging: the only user of pino. Lines are JSON on stderr; stdout belongs to results. */

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
