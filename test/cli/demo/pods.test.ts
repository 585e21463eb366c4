import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePodList } from '../../../src/cli/demo/pods.ts';
import { Refusal } from '../../../src/cli/errors.ts';

const pod = (name: string, spec: object, phase = 'Running') => ({ metadata: { name, namespace: 'shop' }, spec, status: { phase } });
const listOf = (...items: object[]) => JSON.stringify({ kind: 'List', items });

describe('parsePodList', () => {
  it('keeps pods that run on a node with an address of their own, in order', () => {
    const { pods } = parsePodList(listOf(pod('b', { nodeName: 'n1' }), pod('a', { nodeName: 'n2', hostNetwork: false })), 'list');
    expect(pods).toEqual([
      { namespace: 'shop', name: 'b', node: 'n1' },
      { namespace: 'shop', name: 'a', node: 'n2' },
    ]);
  });

  it('counts pods that need no address by reason', () => {
    const { pods, skipped } = parsePodList(
      listOf(
        pod('keeps', { nodeName: 'n1' }),
        pod('host', { nodeName: 'n1', hostNetwork: true }),
        pod('done', { nodeName: 'n1' }, 'Succeeded'),
        pod('broken', { nodeName: 'n1' }, 'Failed'),
        pod('waiting', {}, 'Pending'),
      ),
      'list',
    );
    expect(pods).toHaveLength(1);
    expect(skipped).toEqual({ hostNetwork: 1, finished: 2, pending: 1 });
  });

  it.each([
    ['no JSON', 'NAME READY', /JSON/],
    ['another document', '{"kind":"Status"}', /items/],
    ['a pod without name', '{"items":[{"metadata":{},"spec":{}}]}', /items\.0\.metadata\.name/],
    ['nothing to place', '{"items":[]}', /no pod/],
  ])('refuses %s, names the source and says what is expected', (_case, text, reason) => {
    expect(() => parsePodList(text, 'my.json')).toThrow(Refusal);
    expect(() => parsePodList(text, 'my.json')).toThrow(reason);
    expect(() => parsePodList(text, 'my.json')).toThrow(/my\.json is not what 'kubectl get pods -A -o json' prints/);
  });

  it('reads the sample: more than 200 pods over 8 nodes, and pods of every kind that need no address', () => {
    const { pods, skipped } = parsePodList(readFileSync('docs/examples/pods.json', 'utf8'), 'sample');
    expect(pods.length).toBeGreaterThan(200);
    expect(new Set(pods.map(({ node }) => node)).size).toBe(8);
    expect(new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`)).size).toBe(pods.length);
    expect(Math.min(...Object.values(skipped))).toBeGreaterThan(0);
  });
});
