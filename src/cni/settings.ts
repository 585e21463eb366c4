/** What a configuration means for this host: which store, which node, which log, how long. */
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { type LogLevel, parseLogLevel } from '../platform/log.ts';
import type { CniCall } from './call.ts';
import { invalid, type NetConf } from './netconf.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface StoreChoice {
  readonly url: string;
  /** What openStore takes certificates, user and endpoints from. */
  readonly env: Environment;
}

const STORE_DEFAULT = 'lmdb:/var/lib/plat';

/** The store of one host, which answers without a request. */
export function isEmbedded(storeUrl: string): boolean {
  return /^(lmdb|memory):/.test(storeUrl);
}

/** `ipam.store`, else Calico's etcd fields, else PLAT_STORE, else the environment Calico reads, else the embedded store. */
export function storeOf(conf: NetConf, env: Environment): StoreChoice {
  const field = (name: keyof NetConf['ipam'] & keyof NetConf) => nonEmpty(conf.ipam[name]) ?? nonEmpty(conf[name]);
  const own = nonEmpty(conf.ipam.store);
  const platStore = nonEmpty(env['PLAT_STORE']);
  const datastore = field('datastore_type') ?? (platStore === undefined ? nonEmpty(env['DATASTORE_TYPE']) : undefined);
  if (own === undefined && datastore !== undefined && datastore !== 'etcdv3')
    throw invalid(
      `datastore_type "${datastore.slice(0, 32)}" is not supported`,
      'The state is kept in etcd (etcdv3) or in an embedded store: see "store".',
    );
  if (own === undefined && field('etcd_discovery_srv') !== undefined)
    throw invalid('etcd_discovery_srv is not supported', 'Name the members in etcd_endpoints or store.');
  const authority = field('etcd_authority');
  const endpoints = field('etcd_endpoints') ?? (authority && `${field('etcd_scheme') ?? 'http'}://${authority}`);
  const etcdEnv = {
    ...env,
    ...given('ETCD_ENDPOINTS', endpoints),
    ...given('ETCD_KEY_FILE', field('etcd_key_file')),
    ...given('ETCD_CERT_FILE', field('etcd_cert_file')),
    ...given('ETCD_CA_CERT_FILE', field('etcd_ca_cert_file')),
  };
  const calico = endpoints !== undefined || field('datastore_type') !== undefined ? 'etcd://' : undefined;
  const inherited = datastore !== undefined || nonEmpty(env['ETCD_ENDPOINTS']) !== undefined ? 'etcd://' : undefined;
  const url = own ?? calico ?? platStore ?? inherited ?? STORE_DEFAULT;
  return { url, env: url === 'etcd://' ? withEndpoints(etcdEnv) : etcdEnv };
}

/** Calico's own default, for who sets the datastore type and nothing else. */
function withEndpoints(env: Environment): Environment {
  return nonEmpty(env['ETCD_ENDPOINTS']) === undefined ? { ...env, ETCD_ENDPOINTS: 'http://127.0.0.1:2379' } : env;
}

function given(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const NODENAME_FILE_DEFAULT = '/var/lib/calico/nodename';

/** The node's name, where calico-ipam finds it: `nodename`, a file, `hostname`, the machine's own. */
export function hostOf(conf: NetConf): string {
  const file = conf.ipam.nodename_file ?? conf.nodename_file ?? NODENAME_FILE_DEFAULT;
  const name =
    nonEmpty(conf.ipam.nodename) ?? nonEmpty(conf.nodename) ?? contentOf(file) ?? nonEmpty(conf.ipam.hostname) ?? nonEmpty(conf.hostname);
  return name ?? hostname().toLowerCase().trim();
}

function contentOf(file: string): string | undefined {
  try {
    // A pipe would hold the call up.
    return statSync(file).isFile() ? nonEmpty(readFileSync(file, 'utf8').trim()) : undefined;
  } catch {
    return undefined;
  }
}

export interface LogChoice {
  readonly level: LogLevel;
  readonly file: string | undefined;
}

/** Calico takes any level it does not know for info. */
export function logOf(conf: NetConf, { verb }: Pick<CniCall, 'verb'>): LogChoice {
  const own = conf.ipam.log?.level;
  const level = own === undefined ? undefined : parseLogLevel(own);
  // A container that ends must not be held up by what only a log needs.
  if (own !== undefined && level === undefined && verb !== 'DEL')
    throw invalid('ipam.log.level is not known', 'Expected is debug, info, warn, error or silent.');
  const calico = conf.ipam.log_level ?? conf.log_level;
  return {
    level: level ?? (calico === undefined ? 'warn' : (parseLogLevel(calico === 'warning' ? 'warn' : calico) ?? 'info')),
    file: nonEmpty(conf.ipam.log?.file) ?? nonEmpty(conf.ipam.log_file_path) ?? nonEmpty(conf.log_file_path),
  };
}

const TIMEOUT_SECONDS = 30;
const STATUS_TIMEOUT_SECONDS = 2;

/** A node that is short of CPU takes its time to start a process, which says nothing of the store. */
const STATUS_START_FACTOR = 5;

/** Milliseconds the whole call may take. */
export function timeoutMsOf(conf: NetConf, { verb }: Pick<CniCall, 'verb'>): number {
  const wholeMs = 1_000 * (conf.ipam.timeoutSeconds ?? TIMEOUT_SECONDS);
  return verb === 'STATUS' ? Math.min(statusTimeoutMsOf(conf) * STATUS_START_FACTOR, wholeMs) : wholeMs;
}

/** Milliseconds the store may take to answer STATUS. */
export function statusTimeoutMsOf({ ipam }: NetConf): number {
  return 1_000 * (ipam.statusTimeoutSeconds ?? STATUS_TIMEOUT_SECONDS);
}
