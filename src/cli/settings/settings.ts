/** What is in effect for one run, and where each of it comes from: flag, else variable, else configuration file, else default. */
import { readFile } from 'node:fs/promises';
import { type Environment, type Machine, storeUrl } from '../../platform/config.ts';
import { LOG_LEVELS, type LogLevel, parseLogLevel } from '../../platform/log.ts';
import { Refusal, UsageError } from '../errors.ts';
import { OUTPUT_HINT, type Output, parseOutput } from '../format/output-format.ts';
import { parseDurationMs } from './duration.ts';
import { type ConfigFile, readConfigFile } from './file.ts';

/** Global options as they stand on the command line. */
export interface GlobalFlags {
  readonly store?: string;
  readonly timeout?: string;
  readonly logLevel?: string;
  readonly output?: string;
  readonly config?: string;
}

/** One setting as text. `source`: `--store`, `PLAT_STORE`, a path, or `default`. */
export interface Setting {
  readonly name: string;
  readonly value: string | undefined;
  readonly source: string;
}

export interface Settings {
  /** URL of the store. */
  readonly store: string;
  /** Milliseconds one call of the library may take; undefined: its own default. */
  readonly timeoutMs: number | undefined;
  readonly logLevel: LogLevel;
  readonly output: Output;
  /** What the store is opened with: the environment, completed from the file. */
  readonly env: Environment;
  /** All of it, for people; never with a secret. */
  readonly listed: readonly Setting[];
  readonly file: string | undefined;
}

interface Named {
  readonly name: string;
  /** Shown where nobody sets it. */
  readonly fallback?: string;
  readonly flag?: keyof GlobalFlags;
  readonly variable: string;
  /** Never shown. */
  readonly secret?: true;
}

const SETTINGS: readonly Named[] = [
  { name: 'store', flag: 'store', variable: 'PLAT_STORE' },
  { name: 'timeout', flag: 'timeout', variable: 'PLAT_TIMEOUT', fallback: '30s' },
  { name: 'output', flag: 'output', variable: 'PLAT_OUTPUT', fallback: 'table' },
  { name: 'logLevel', flag: 'logLevel', variable: 'PLAT_LOG', fallback: 'silent' },
  { name: 'etcd.endpoints', variable: 'ETCD_ENDPOINTS' },
  { name: 'etcd.caFile', variable: 'ETCD_CA_CERT_FILE' },
  { name: 'etcd.certFile', variable: 'ETCD_CERT_FILE' },
  { name: 'etcd.keyFile', variable: 'ETCD_KEY_FILE' },
  { name: 'etcd.username', variable: 'ETCD_USERNAME' },
  { name: 'etcd.password', variable: 'ETCD_PASSWORD', secret: true },
];

/** Rejects with a UsageError that names the setting and its source. `acceptsFile`: the command takes `-o FILE`. */
export async function resolveSettings(flags: GlobalFlags, machine: Machine, acceptsFile: boolean): Promise<Settings> {
  const file = await readConfigFile(flags.config, machine);
  const found = new Map(SETTINGS.map((named) => [named.name, effective(named, flags, machine, file)]));
  const of = (name: string): Setting => found.get(name) ?? { name, value: undefined, source: 'default' };
  const passwordFile = file?.values.get('etcd.passwordFile');
  if (file && passwordFile !== undefined && of('etcd.password').value === undefined) {
    found.set('etcd.password', { name: 'etcd.password', value: await readSecret(passwordFile, file), source: passwordFile });
  }
  const store = storeUrl(of('store').value, machine);
  return {
    store,
    timeoutMs: parsed(of('timeout'), parseDurationMs, 'expected is a duration such as 500ms, 30s or 2m'),
    logLevel: parsed(of('logLevel'), parseLogLevel, `levels are ${LOG_LEVELS.join(', ')}`) ?? 'silent',
    output: parsed(of('output'), (text) => parseOutput(text, acceptsFile), OUTPUT_HINT) ?? { kind: 'table' },
    env: { ...machine.env, ...etcdVariables(found) },
    listed: SETTINGS.map((named) => shown(named, of(named.name), store)),
    file: file?.path,
  };
}

function effective({ name, flag, variable }: Named, flags: GlobalFlags, machine: Machine, file: ConfigFile | undefined): Setting {
  const given = flag && flags[flag];
  if (given !== undefined) return { name, value: given, source: flag === 'logLevel' ? '--log-level' : `--${flag}` };
  // An empty variable counts as none.
  const exported = machine.env[variable];
  if (exported) return { name, value: exported, source: variable };
  const stored = file?.values.get(name);
  return stored === undefined || file === undefined
    ? { name, value: undefined, source: 'default' }
    : { name, value: stored, source: file.path };
}

function parsed<T>({ value, source, name }: Setting, parse: (text: string) => T | undefined, expected: string): T | undefined {
  if (value === undefined) return undefined;
  const result = parse(value);
  if (result !== undefined) return result;
  const what = source.includes('/') ? `${source}: ${name}` : source;
  throw new UsageError(`${what} is '${value}'; ${expected}. Settings in effect: plat config view`);
}

function etcdVariables(found: ReadonlyMap<string, Setting>): Environment {
  const named = SETTINGS.filter(({ name }) => name.startsWith('etcd.'));
  return Object.fromEntries(named.flatMap(({ name, variable }) => (found.get(name)?.value ? [[variable, found.get(name)?.value]] : [])));
}

async function readSecret(path: string, file: ConfigFile): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Refusal('file', `${file.path}: etcd.passwordFile cannot be read: ${error.message}.`);
  });
  return text.trimEnd();
}

/** What stands before an `@` of a URL may be a password. */
function shown({ secret, fallback }: Named, { name, value, source }: Setting, store: string): Setting {
  if (secret) return { name, value: value === undefined ? undefined : '(set, not shown)', source };
  const text = name === 'store' ? store : (value ?? fallback);
  return { name, value: text?.replace(/\/\/[^/]*@/, '//(not shown)@'), source };
}
