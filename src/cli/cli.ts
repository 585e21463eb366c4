/** What a command works with: the process as values, the global options, and the library opened for one call. */
import type { styleText } from 'node:util';
import type { CallOptions, Ipam } from '../ipam/api.ts';
import type { Clock } from '../platform/clock.ts';
import type { Environment } from '../platform/config.ts';
import type { Logger } from '../platform/log.ts';
import type { Store } from '../store/port.ts';
import { CREATE_POOL_EXAMPLE, Refusal, UsageError } from './errors.ts';
import type { Output } from './format/output-format.ts';
import type { Settings } from './settings/settings.ts';

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
  /** The same as it comes, for what may be too long to be held. */
  readonly readChunks: () => AsyncIterable<Uint8Array>;
  /** Results: a line, or lines. */
  print(text: string): void;
  /** Results as they are, without a line break at the end. */
  write(text: string): void;
  /** The same for long results: resolves once the reader has room for more. */
  send(text: string): Promise<void>;
  /** Messages for a person: stderr. */
  note(text: string): void;
  /** `text` in `style`, or as it is where stdout takes no colours (NO_COLOR, a pipe). */
  paint(style: Style, text: string): string;
  /** Replaces the last line of progress; does nothing when stderr is no terminal. */
  progress(text: string): void;
  /** Columns of stdout; undefined in a pipe. */
  readonly columns: number | undefined;
  /** Columns of stderr; undefined when it is no terminal. */
  readonly noteColumns: number | undefined;
  /** Asks a yes/no question; undefined when nobody is there to answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

export interface GlobalOptions {
  /** What `--store` names; undefined when the store comes from elsewhere. */
  readonly store?: string;
  readonly output: Output;
}

export interface Cli {
  readonly terminal: Terminal;
  /** Valid once the command line is parsed, so in every action. */
  globals(): GlobalOptions;
  /** Everything in effect, with where it comes from. Valid in every action. */
  settings(): Settings;
  /** Signal and time limit: for every call of the library. */
  call(): CallOptions;
}

/** The parts that the library is made of, for what needs the store itself. */
export interface OpenedStore {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** `url`: another store than the one in effect. `create`: an embedded store that is not there is made, not refused. */
interface StoreWanted {
  readonly url?: string | undefined;
  readonly create?: true;
}

/** Opens the store and closes it whatever happens. */
async function withStore<T>(cli: Cli, use: (opened: OpenedStore) => Promise<T>, { url, create }: StoreWanted): Promise<T> {
  const [{ openStore, isMissing }, { systemClock }, { createLogger }] = await Promise.all([
    import('../store/open.ts'),
    import('../platform/clock.ts'),
    import('../platform/log.ts'),
  ]);
  const { store: choice, env, timeoutMs, logLevel } = cli.settings();
  if (url === undefined && choice.kind === 'refused') throw new UsageError(choice.reason);
  const target = url ?? (choice.kind === 'chosen' ? choice.url : '');
  if (!create && (await isMissing(target))) throw noStore(target, choice.source);
  const log = await createLogger({ level: logLevel });
  const store = await openStore(target, { env, ...(timeoutMs !== undefined && { timeoutMs }) });
  log.debug({ event: 'store-opened', store: store.name });
  try {
    return await use({ store, clock: systemClock, log });
  } finally {
    await store.close();
  }
}

function noStore(url: string, source: string): Refusal {
  return new Refusal(
    'no-store',
    `there is no store at ${url} (${source === 'default' ? 'the default' : `from ${source}`}), and this command makes none. Choose another ` +
      `with --store, PLAT_STORE, a configuration file or ETCD_ENDPOINTS, or begin one here: ${CREATE_POOL_EXAMPLE}${source === '--store' ? ` --store ${url}` : ''}`,
    { store: url, source },
  );
}

/** The library over the store in effect, or the one that is wanted instead. */
export function withIpam<T>(cli: Cli, use: (ipam: Ipam, opened: OpenedStore) => Promise<T>, wanted: StoreWanted = {}): Promise<T> {
  return withStore(
    cli,
    async (opened) => {
      const { openIpam } = await import('../ipam/open.ts');
      return use(openIpam(opened), opened);
    },
    wanted,
  );
}
