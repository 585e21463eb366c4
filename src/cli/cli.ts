/** What a command works with: the process as values, the global options, and the library opened for one call. */
import type { styleText } from 'node:util';
import type { Ipam } from '../ipam/api.ts';
import type { Environment } from '../platform/config.ts';
import type { Logger } from '../platform/log.ts';
import { UsageError } from './errors.ts';

/** Text styles the terminal knows, one or several: names of `node:util` styleText. */
export type Style = Parameters<typeof styleText>[0];

/** The process as a command sees it; main.ts fills it in, and nothing else looks at the process. */
export interface Terminal {
  readonly env: Environment;
  readonly hostName: string;
  readonly homeFolder: string;
  readonly isRoot: boolean;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** All of stdin; rejects with an AbortError when the user interrupts. */
  readonly readInput: () => Promise<string>;
  /** Results. */
  print(text: string): void;
  /** Messages for a person: stderr. */
  note(text: string): void;
  /** `text` in `style`, or as it is where stdout takes no colours (NO_COLOR, a pipe). */
  paint(style: Style, text: string): string;
  /** Replaces the last line of progress; does nothing when stderr is no terminal. */
  progress(text: string): void;
  /** Columns of stdout; undefined in a pipe. */
  readonly columns: number | undefined;
  /** Asks a yes/no question; undefined when nobody is there to answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export interface GlobalOptions {
  readonly store?: string;
  readonly output: OutputFormat;
}

export interface Cli {
  readonly terminal: Terminal;
  /** Valid once the command line is parsed. */
  globals(): GlobalOptions;
}

/** Opens the store that the command line names, creating an embedded one, and closes it whatever happens. */
export async function withIpam<T>(cli: Cli, use: (ipam: Ipam) => Promise<T>, url?: string): Promise<T> {
  const [{ storeUrl }, { openStore }, { openIpam }, { systemClock }] = await Promise.all([
    import('../platform/config.ts'),
    import('../store/open.ts'),
    import('../ipam/open.ts'),
    import('../platform/clock.ts'),
  ]);
  const { terminal } = cli;
  const log = await openLog(terminal.env);
  const store = await openStore(url ?? storeUrl(cli.globals().store, terminal), { env: terminal.env });
  log.debug({ event: 'store-opened', store: store.name });
  const ipam = openIpam({ store, clock: systemClock, log });
  try {
    return await use(ipam);
  } finally {
    await ipam.close();
  }
}

async function openLog(env: Environment): Promise<Logger> {
  const { createLogger, parseLogLevel, LOG_LEVELS } = await import('../platform/log.ts');
  const text = env['PLAT_LOG'] || 'silent';
  const level = parseLogLevel(text);
  if (level === undefined) throw new UsageError(`PLAT_LOG is '${text}'; levels are ${LOG_LEVELS.join(', ')}.`);
  return createLogger({ level });
}
