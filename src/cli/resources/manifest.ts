/** One document of a manifest file, checked for its shape; the rules of its kind are the library's. */

import { KINDS, kindName, type MemberType, type ResourceKind } from './kinds.ts';
import { isForbiddenName, MANAGED_METADATA, METADATA } from './metadata.ts';
import { API_VERSION } from './object.ts';

/** Where a document is from: `pools.yaml, document 2`. */
export interface Origin {
  readonly file: string;
  /** From 1; undefined when it is the only one. */
  readonly document: number | undefined;
}

export interface Manifest {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string | undefined;
  readonly spec: Readonly<Record<string, unknown>> | undefined;
  readonly origin: Origin;
}

/** A rule that a document breaks. `value` as it stands there; undefined when it is missing. */
export interface ManifestViolation {
  readonly field: string;
  readonly value: unknown;
  readonly rule: string;
  readonly message: string;
}

export type ParsedManifest =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'invalid'; readonly violations: readonly ManifestViolation[]; readonly what: string; readonly origin: Origin };

type Members = Readonly<Record<string, unknown>>;

const TOP = ['kind', 'apiVersion', 'metadata', 'spec', 'status'];

/** Every violation of its shape, or the manifest. `status` and what the store keeps in `metadata` are taken as read. */
export function parseManifest(value: unknown, origin: Origin): ParsedManifest {
  const what = titleOf(value);
  const invalid = (violations: readonly ManifestViolation[]): ParsedManifest => ({ kind: 'invalid', violations, what, origin });
  if (!isObject(value))
    return invalid([
      { field: 'document', value, rule: 'wrong-type', message: 'a resource is an object with kind, apiVersion, metadata and spec' },
    ]);
  const kind = KINDS.find(({ kinds }) => kinds.includes(String(value['kind'])));
  if (!kind) return invalid([unsupportedKind(value['kind'])]);

  const metadata = value['metadata'] ?? {};
  const spec = value['spec'] ?? undefined;
  const violations = [
    ...(value['apiVersion'] === API_VERSION
      ? []
      : [{ field: 'apiVersion', value: value['apiVersion'], rule: 'unsupported-version', message: `expected ${API_VERSION}` }]),
    ...unknownMembers('', value, TOP),
    ...(isObject(metadata) ? metadataViolations(metadata, kind) : [wrongType('metadata', metadata, 'an object')]),
    ...(spec === undefined || isObject(spec) ? specViolations(spec ?? {}, kind) : [wrongType('spec', spec, 'an object')]),
  ];
  if (violations.length > 0 || !isObject(metadata)) return invalid(violations);
  return {
    kind: 'manifest',
    manifest: {
      kind,
      name: String(metadata['name']),
      labels: (metadata['labels'] ?? {}) as Record<string, string>,
      annotations: (metadata['annotations'] ?? {}) as Record<string, string>,
      resourceVersion: versionOf(metadata['resourceVersion']),
      spec: isObject(spec) ? withoutNulls(spec, kind) : undefined,
      origin,
    },
  };
}

/** `IPPool p1`, as far as it can be told. */
function titleOf(value: unknown): string {
  if (!isObject(value)) return 'document';
  const metadata = value['metadata'];
  const name = isObject(metadata) ? metadata['name'] : undefined;
  return [value['kind'], name].filter((text) => typeof text === 'string').join(' ') || 'document';
}

function unsupportedKind(value: unknown): ManifestViolation {
  const expected = KINDS.map(kindName).join(', ');
  if (value === undefined) return { field: 'kind', value, rule: 'kind-missing', message: `expected ${expected}` };
  return {
    field: 'kind',
    value,
    rule: 'unsupported-kind',
    message: `resource type '${String(value)}' is not supported; expected ${expected}`,
  };
}

function metadataViolations(metadata: Members, kind: ResourceKind): readonly ManifestViolation[] {
  const { name } = metadata;
  const isNamed = typeof name === 'string' && name !== '';
  return [
    ...(isNamed ? [] : [{ field: 'metadata.name', value: name, rule: 'name-missing', message: 'resource name may not be empty' }]),
    ...('namespace' in metadata && metadata['namespace'] !== ''
      ? [
          {
            field: 'metadata.namespace',
            value: metadata['namespace'],
            rule: 'not-namespaced',
            message: `${kindName(kind)} is not namespaced`,
          },
        ]
      : []),
    ...unknownMembers('metadata.', metadata, [...METADATA, ...MANAGED_METADATA]),
    ...['labels', 'annotations'].flatMap((member) => textsViolations(`metadata.${member}`, metadata[member] ?? {})),
    ...(isVersion(metadata['resourceVersion'])
      ? []
      : [wrongType('metadata.resourceVersion', metadata['resourceVersion'], 'the text that get showed')]),
  ];
}

function isVersion(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function versionOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function textsViolations(field: string, value: unknown): readonly ManifestViolation[] {
  if (!isObject(value)) return [wrongType(field, value, 'an object of texts')];
  return Object.entries(value).flatMap(([key, member]) => {
    if (isForbiddenName(key))
      return [{ field: `${field}.${key}`, value: member, rule: 'name-invalid', message: 'no label or annotation may have this name' }];
    return typeof member === 'string' ? [] : [wrongType(`${field}.${key}`, member, 'a text; put it in quotes')];
  });
}

function specViolations(spec: Members, { spec: known, required }: ResourceKind): readonly ManifestViolation[] {
  if (known === undefined) return [];
  const missing = required.filter(({ member }) => spec[member] === undefined || spec[member] === null);
  return [
    ...missing.map(({ member, rule, message }) => ({ field: `spec.${member}`, value: undefined, rule, message })),
    ...unknownMembers('spec.', spec, Object.keys(known)),
    ...Object.entries(known).flatMap(([member, type]) => typeViolations(`spec.${member}`, spec[member], type)),
  ];
}

function typeViolations(field: string, value: unknown, type: MemberType): readonly ManifestViolation[] {
  // Go takes null for absent.
  if (value === undefined || value === null) return [];
  switch (type) {
    case 'text':
      return typeof value === 'string' ? [] : [wrongType(field, value, 'a text')];
    case 'flag':
      return typeof value === 'boolean' ? [] : [wrongType(field, value, 'true or false')];
    case 'integer':
      return Number.isSafeInteger(value) ? [] : [wrongType(field, value, 'a whole number')];
    case 'texts': {
      if (!Array.isArray(value)) return [wrongType(field, value, 'a list of texts')];
      return value.flatMap((item, index) => (typeof item === 'string' ? [] : [wrongType(`${field}[${index}]`, item, 'a text')]));
    }
  }
}

function wrongType(field: string, value: unknown, expected: string): ManifestViolation {
  return { field, value, rule: 'wrong-type', message: `expected ${expected}` };
}

function unknownMembers(prefix: string, members: Members, known: readonly string[]): readonly ManifestViolation[] {
  return Object.entries(members)
    .filter(([name]) => !known.includes(name) && !(prefix === 'metadata.' && name === 'namespace'))
    .map(([name, value]) => ({
      field: `${prefix}${name}`,
      value,
      rule: 'unknown-field',
      message: `field in document is not recognized or is in the wrong location: ${name}${likely(name, known)}`,
    }));
}

/** The known name that only letter case or punctuation tells apart. */
function likely(name: string, known: readonly string[]): string {
  const bare = (text: string) => text.toLowerCase().replace(/[-_]/g, '');
  const meant = known.find((candidate) => bare(candidate) === bare(name));
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function withoutNulls(spec: Members, { spec: known }: ResourceKind): Members {
  return known === undefined ? spec : Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
