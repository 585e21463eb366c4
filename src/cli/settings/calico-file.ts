/** A calicoctl.cfg (kind CalicoAPIConfig) as settings of plat. */
import * as v from 'valibot';
import { UsageError } from '../errors.ts';
import { ETCD_ENDPOINTS_DEFAULT, UNSUPPORTED_DATASTORE } from './store-choice.ts';

const KIND = 'CalicoAPIConfig';
const API_VERSION = 'projectcalico.org/v3';

/** Members of `spec` by the setting they are; etcdPassword is a secret. */
const SETTING_OF: Readonly<Record<string, string>> = {
  etcdEndpoints: 'etcd.endpoints',
  etcdUsername: 'etcd.username',
  etcdPassword: 'etcd.password',
  etcdKeyFile: 'etcd.keyFile',
  etcdCertFile: 'etcd.certFile',
  etcdCACertFile: 'etcd.caFile',
};

/** Members of `spec` that plat has no counterpart of, by what to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  etcdKey: 'Write the key to a file and name that in etcdKeyFile.',
  etcdCert: 'Write the certificate to a file and name that in etcdCertFile.',
  etcdCACert: 'Write the certificate to a file and name that in etcdCACertFile.',
  etcdDiscoverySrv: 'Name the members in etcdEndpoints.',
};

/** For a Kubernetes datastore; without effect beside etcd. */
const OF_KUBERNETES = /^(k8s|kubeconfig)/i;

// Valibot's own message would show the value, which may be a password.
const Text = v.nullish(v.string('expected is text, in quotes where it looks like a number'));
const CalicoSchema = v.object({
  apiVersion: v.literal(API_VERSION, `expected is ${API_VERSION}`),
  spec: v.nullish(
    v.looseObject(
      Object.fromEntries(['datastoreType', ...Object.keys(SETTING_OF), ...Object.keys(INSTEAD)].map((name) => [name, Text])),
      'expected are members such as etcdEndpoints',
    ),
    {},
  ),
});

export function isCalicoConfig(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'kind' in document && document.kind === KIND;
}

/** Settings by dotted name; paths stay as they are, as calicoctl takes them. Throws a UsageError that names the member. */
export function calicoSettings(path: string, document: unknown): ReadonlyMap<string, string> {
  const parsed = v.safeParse(CalicoSchema, document);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UsageError(`${path}: ${v.getDotPath(issue) ?? 'the document'}: ${issue.message}.`);
  }
  const spec = new Map(Object.entries(parsed.output.spec).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const datastore = spec.get('datastoreType') ?? (spec.has('etcdEndpoints') ? 'etcdv3' : 'kubernetes');
  if (datastore !== 'etcdv3') {
    const named = spec.has('datastoreType')
      ? `spec.datastoreType is '${datastore}'`
      : 'spec has no etcdEndpoints, so that Kubernetes is meant';
    throw new UsageError(`${path}: ${named}: ${UNSUPPORTED_DATASTORE} Name an etcd in spec.etcdEndpoints, or another file with --config.`);
  }
  const values = new Map([
    ['store', 'etcd://'],
    ['etcd.endpoints', ETCD_ENDPOINTS_DEFAULT],
  ]);
  for (const [name, value] of spec) {
    const instead = INSTEAD[name];
    if (instead !== undefined) throw new UsageError(`${path}: spec.${name} is not supported. ${instead}`);
    const setting = SETTING_OF[name];
    if (setting !== undefined) values.set(setting, String(value));
    else if (name !== 'datastoreType' && !OF_KUBERNETES.test(name)) throw unknownMember(path, name);
  }
  return values;
}

function unknownMember(path: string, name: string): UsageError {
  return new UsageError(`${path}: spec.${name} is not known. Known are datastoreType, ${Object.keys(SETTING_OF).join(', ')}.`);
}
