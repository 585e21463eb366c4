/** What is in effect for one run, and where each of it comes from: flag, else variable, else configuration file, else default. */
import { readFile } from 'node:fs/promises';
import type { Environment, Machine } from '../../platform/config.ts';
import { LOG_LEVELS, type LogLevel, parseLogLevel } from '../../platform/log.ts';
import { Refusal, UsageError } from '../errors.ts';
import { OUTPUT_HINT, type Output, parseOutput } from '../format/output-format.ts';
import { parseDurationMs } from './duration.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import { chooseStore, ETCD_ENDPOINTS_DEFAULT, type Setting, type StoreChoice, variableOf } from './store-choice.ts';

/** Global options as they stand on the command line. */
export interface GlobalFlags {
  readonly store?: string;
  readonly timeout?: string;
  readonly logLevel?: string;
  readonly output?: string;
  readonly config?: string;
}

export interface Settings {
  readonly store: StoreChoice;
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
  const store = chooseStore(of('store'), of('etcd.endpoints'), machine);
  if (of('store').value === undefined && store.kind === 'chosen' && store.url === 'etcd://' && of('etcd.endpoints').value === undefined)
    found.set('etcd.endpoints', { name: 'etcd.endpoints', value: ETCD_ENDPOINTS_DEFAULT, source: 'default' });
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
  const exported = file?.kind === 'calico' && name.startsWith('etcd.') ? undefined : variableOf(variable, machine.env);
  if (exported) return { name, ...exported };
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

/** All of them: one that is not in effect must not come from the environment. */
function etcdVariables(found: ReadonlyMap<string, Setting>): Environment {
  const named = SETTINGS.filter(({ name }) => name.startsWith('etcd.'));
  return Object.fromEntries(named.map(({ name, variable }) => [variable, found.get(name)?.value]));
}

async function readSecret(path: string, file: ConfigFile): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Refusal('file', `${file.path}: etcd.passwordFile cannot be read: ${error.message}.`);
  });
  return text.trimEnd();
}

/** What stands before an `@` of a URL may be a password. */
function shown({ secret, fallback }: Named, { name, value, source }: Setting, store: StoreChoice): Setting {
  if (secret) return { name, value: value === undefined ? undefined : '(set, not shown)', source };
  if (name === 'store') {
    const text = store.kind === 'chosen' ? withoutLogin(store.url) : '(none that is supported)';
    return { name, value: text, source: store.source };
  }
  const text = value ?? fallback;
  return { name, value: text && withoutLogin(text), source };
}

function withoutLogin(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//(not shown)@');
}
