import { describe, expect, it } from 'vitest';
import { readInUse, readNodes } from '../../../src/core/collect/inventory-text.ts';

const POD = {
  kind: 'Pod',
  metadata: { namespace: 'default', name: 'web-0' },
  spec: { nodeName: 'n1' },
  status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00:0::1' }] },
};

function inventoryOf(text: string) {
  const read = readInUse(text);
  if (read.kind === 'bad') throw new Error(read.reason);
  return read;
}

const list = (...items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items, metadata: { resourceVersion: '' } });

describe('what is in use', () => {
  it('pods as kubectl prints them, addresses in canonical form', () => {
    const ended = { metadata: { namespace: 'batch', name: 'job' }, spec: { hostNetwork: true }, status: { phase: 'Succeeded' } };
    expect(inventoryOf(list(POD, ended)).inventory.pods).toEqual(
      new Map([
        [
          'default/web-0',
          { namespace: 'default', name: 'web-0', node: 'n1', ips: ['10.0.0.1', 'fd00::1'], isHostNetwork: false, isOver: false },
        ],
        ['batch/job', { namespace: 'batch', name: 'job', node: undefined, ips: [], isHostNetwork: true, isOver: true }],
      ]),
    );
  });

  it('a list of the API itself has a version, and its pods no kind of their own', () => {
    const { kind: _, ...pod } = POD;
    const read = inventoryOf(JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: '4711' }, items: [pod] }));
    expect(read).toMatchObject({ version: '4711', inventory: { pods: { size: 1 } } });
    expect(inventoryOf(list(POD)).version).toBeUndefined();
  });

  it('sandboxes as crictl prints them are those of one node', () => {
    const read = inventoryOf('{"items":[{"id":"abc","metadata":{"name":"web-0","namespace":"default"},"state":"SANDBOX_READY"}]}');
    expect(read).toMatchObject({ isOfOneNode: true, inventory: { inUse: new Set(['abc']) } });
  });

  it('a list, one item a line', () => {
    expect(inventoryOf('# in use\n10.0.0.1\nFD00:0::1\n\nnet.abc\n').inventory.inUse).toEqual(new Set(['10.0.0.1', 'fd00::1', 'net.abc']));
  });

  it.each([
    ['JSON that is cut off', list(POD).slice(0, -40), /cut off/],
    ['one page of a longer list', JSON.stringify({ items: [POD], metadata: { continue: 'x' } }), /one page/],
    ['nodes where pods belong', list({ kind: 'Node', metadata: { name: 'n1' } }), /no list of pods/],
    ['something else', '{"kind":"Status","message":"forbidden"}', /no list of pods/],
    ['an empty file', '', /empty/],
    ['a list without pods, as of an empty namespace', list(), /empty/],
    ['a list of comments', '# nobody\n', /empty/],
    ['a list whose last line is cut off', '10.0.0.1\n10.0.0', /cut off/],
    ['a table', 'NAME READY\nweb-0 1/1\n', /blanks/],
  ])('%s is refused: who is missing from a part is not dead', (_what, text, reason) => {
    expect(readInUse(text)).toEqual({ kind: 'bad', reason: expect.stringMatching(reason) });
  });
});

describe('nodes', () => {
  it('as kubectl prints them: the cluster may not know all that use the store (GC-13)', () => {
    expect(readNodes(list({ kind: 'Node', metadata: { name: 'n1' } }))).toMatchObject({
      inventory: { nodes: { names: new Set(['n1']), isComplete: false } },
    });
  });

  it('a list of names is all there are', () => {
    expect(readNodes('n1\nn2\n')).toMatchObject({ inventory: { nodes: { names: new Set(['n1', 'n2']), isComplete: true } } });
  });

  it.each([
    ['pods', list(POD)],
    ['no nodes at all', list()],
  ])('%s are refused', (_what, text) => {
    expect(readNodes(text)).toMatchObject({ kind: 'bad' });
  });
});
