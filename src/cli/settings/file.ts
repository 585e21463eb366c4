/** The configuration file: where it is, and what may stand in it. */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import type { Machine } from '../../platform/config.ts';
import { Refusal, UsageError } from '../errors.ts';
import { calicoSettings, isCalicoConfig } from './calico-file.ts';

const SYSTEM_FILE = '/etc/plat/config.yaml';

const Duration = v.union([v.string(), v.pipe(v.number(), v.minValue(0))]);
const EtcdSchema = v.strictObject({
  endpoints: v.optional(v.string()),
  caFile: v.optional(v.string()),
  certFile: v.optional(v.string()),
  keyFile: v.optional(v.string()),
  username: v.optional(v.string()),
  passwordFile: v.optional(v.string()),
});
const FileSchema = v.strictObject({
  store: v.optional(v.string()),
  timeout: v.optional(Duration),
  output: v.optional(v.string()),
  logLevel: v.optional(v.string()),
  etcd: v.optional(EtcdSchema),
});

/** A file that was read: its settings by dotted name (`etcd.caFile`). Paths in a file of plat's own count from its folder. */
export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
  /** `calico`: a CalicoAPIConfig, beside which the `ETCD_…` variables do not count, as calicoctl has it. */
  readonly kind: 'plat' | 'calico';
}

/** The file that `given` (--config) names, else PLAT_CONFIG, else the user's, else the system's; the latter two may be missing. */
export async function readConfigFile(given: string | undefined, machine: Machine): Promise<ConfigFile | undefined> {
  const named = given ?? (machine.env['PLAT_CONFIG'] || undefined);
  if (named !== undefined) {
    const text = await readFile(named, 'utf8').catch((error: Error) => {
      throw unreadable(error, 'Name another with --config FILE or PLAT_CONFIG.');
    });
    return parseConfigFile(resolve(named), text);
  }
  for (const path of [userFile(machine), SYSTEM_FILE]) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw unreadable(error, 'Name another with --config FILE.');
    });
    if (text !== undefined) return parseConfigFile(path, text);
  }
  return undefined;
}

function unreadable({ message }: Error, advice: string): Refusal {
  return new Refusal('file', `the configuration file cannot be read: ${message}. ${advice}`);
}

/** XDG Base Directory Specification; relative paths are to be ignored. */
function userFile({ env, homeFolder }: Machine): string {
  const configHome = env['XDG_CONFIG_HOME'] ?? '';
  return join(isAbsolute(configHome) ? configHome : join(homeFolder, '.config'), 'plat', 'config.yaml');
}

async function parseConfigFile(path: string, text: string): Promise<ConfigFile> {
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(text) ?? {};
  } catch (error) {
    throw new UsageError(`${path} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (isCalicoConfig(document)) return { path, kind: 'calico', values: calicoSettings(path, document) };
  const parsed = v.safeParse(FileSchema, document);
  if (!parsed.success) throw new UsageError(`${path}: ${faultText(parsed.issues[0])}`);
  const { etcd = {}, ...top } = parsed.output;
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(top)) if (value !== undefined) values.set(name, fromFolder(path, name, String(value)));
  for (const [name, value] of Object.entries(etcd)) if (value !== undefined) values.set(`etcd.${name}`, fromFolder(path, name, value));
  return { path, kind: 'plat', values };
}

function faultText(issue: v.BaseIssue<unknown>): string {
  const at = v.getDotPath(issue);
  const known = `Known settings: ${Object.keys(FileSchema.entries).join(', ')}; below etcd: ${Object.keys(EtcdSchema.entries).join(', ')}.`;
  const isUnknown = issue.type === 'strict_object' && issue.expected === 'never';
  return isUnknown ? `'${at}' is not a setting. ${known}` : `${at ?? 'the document'}: ${issue.message}. ${known}`;
}

function fromFolder(path: string, name: string, value: string): string {
  if (name.endsWith('File')) return resolve(dirname(path), value);
  const [, folder] = (name === 'store' && /^lmdb:([^/~].*)$/s.exec(value)) || [];
  return folder === undefined ? value : `lmdb:${resolve(dirname(path), folder)}`;
}
