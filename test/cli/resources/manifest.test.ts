import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../src/cli/resources/manifest.ts';
import { expandKindWords } from '../../../src/cli/resources/words.ts';

const ORIGIN = { file: 'x.yaml', document: undefined };
const POOL = { apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata: { name: 'p' }, spec: { cidr: '10.0.0.0/24' } };
const violations = (value: unknown) => {
  const parsed = parseManifest(value, ORIGIN);
  return parsed.kind === 'invalid' ? parsed.violations.map(({ field, rule }) => `${field} ${rule}`) : [];
};

describe('parseManifest', () => {
  it('takes what Calico and Kubernetes show: status and managed metadata are read over, null is absent', () => {
    const parsed = parseManifest(
      {
        ...POOL,
        metadata: {
          name: 'p',
          uid: 'u',
          creationTimestamp: null,
          generation: 2,
          managedFields: [],
          resourceVersion: '7',
          labels: { a: 'b' },
        },
        spec: { cidr: '10.0.0.0/24', blockSize: null },
        status: { conditions: [] },
      },
      ORIGIN,
    );
    expect(parsed).toMatchObject({
      kind: 'manifest',
      manifest: { name: 'p', resourceVersion: '7', labels: { a: 'b' }, annotations: {}, spec: { cidr: '10.0.0.0/24' } },
    });
    expect(parsed.kind === 'manifest' && parsed.manifest.spec).not.toHaveProperty('blockSize');
  });

  it('takes any spec of a node, which is Calico’s', () => {
    const node = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'Node',
      metadata: { name: 'n' },
      spec: { bgp: { asNumber: 1 }, whatever: [1] },
    };
    expect(parseManifest(node, ORIGIN)).toMatchObject({ kind: 'manifest', manifest: { spec: node.spec } });
  });

  it.each([
    ['no object', 7, ['document wrong-type']],
    ['no kind', { metadata: {} }, ['kind kind-missing']],
    ['another kind', { ...POOL, kind: 'BGPPeer' }, ['kind unsupported-kind']],
    ['another version', { ...POOL, apiVersion: 'v1' }, ['apiVersion unsupported-version']],
    ['no name', { ...POOL, metadata: {} }, ['metadata.name name-missing']],
    ['a namespace', { ...POOL, metadata: { name: 'p', namespace: 'x' } }, ['metadata.namespace not-namespaced']],
    ['a number as a label', { ...POOL, metadata: { name: 'p', labels: { a: 1 } } }, ['metadata.labels.a wrong-type']],
    ['metadata that nobody keeps', { ...POOL, metadata: { name: 'p', finalizers: [] } }, ['metadata.finalizers unknown-field']],
    ['no network', { ...POOL, spec: {} }, ['spec.cidr cidr-missing']],
    ['no spec', { ...POOL, spec: undefined }, ['spec.cidr cidr-missing']],
    [
      'a member of another spelling',
      { ...POOL, spec: { cidr: 'x', 'nat-outgoing': true, blocksize: 26 } },
      ['spec.nat-outgoing unknown-field', 'spec.blocksize unknown-field'],
    ],
    [
      'every wrong type at once',
      { ...POOL, spec: { cidr: 10, disabled: 'yes', blockSize: 26.5, allowedUses: ['Workload', 1] } },
      ['spec.cidr wrong-type', 'spec.disabled wrong-type', 'spec.blockSize wrong-type', 'spec.allowedUses[1] wrong-type'],
    ],
    ['a member beside spec', { ...POOL, cidr: '10.0.0.0/24' }, ['cidr unknown-field']],
  ])('refuses %s', (_what, value, expected) => {
    expect(violations(value)).toEqual(expected);
  });

  it('says which name was meant', () => {
    const parsed = parseManifest({ ...POOL, spec: { cidr: 'x', 'nat-outgoing': true } }, ORIGIN);
    expect(parsed).toMatchObject({ violations: [{ message: expect.stringContaining('did you mean natOutgoing?') }] });
  });
});

describe('expandKindWords', () => {
  it.each([
    ['get IPPool p', 'get ippool p'],
    ['get ippool/p', 'get ippool p'],
    ['delete --dry-run ippool/a ippool/b', 'delete --dry-run ippool a b'],
    ['delete ippool/a node/b', 'delete ippool a node/b'],
    ['-o yaml get -o json NODES', '-o yaml get -o json nodes'],
    ['apply -f pool/x.yaml', 'apply -f pool/x.yaml'],
    ['delete -f pool/x.yaml', 'delete -f pool/x.yaml'],
    ['get -f node', 'get -f node'],
    ['ipam show', 'ipam show'],
    ['get nosuch/x', 'get nosuch/x'],
  ])('%s', (line, expected) => {
    expect(expandKindWords(line.split(' ')).join(' ')).toBe(expected);
  });
});
