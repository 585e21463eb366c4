/** A store damaged in every way that an audit names: each entry leaves one finding of its kind, in a part of its own. */
import type { FindingKind } from '../../src/ipam/upkeep/api.ts';
import { keyOf } from '../../src/store/keys.ts';
import { PENDING, PENDING_DELETION, storedBlock } from './ipam.ts';
import { cidr } from './records.ts';

export interface Damage {
  readonly what: string;
  readonly kind: FindingKind;
  /** What a repair does about it. */
  readonly outcome: 'repaired' | 'refused';
  readonly entries: Readonly<Record<string, string>>;
  /** Part of the key or of the sentence, where several damages have one kind. */
  readonly names: string;
}

const CONFIRMED = '{"state":"confirmed","deleted":false}';

const block = (text: string) => keyOf({ kind: 'block', cidr: cidr(text) });
const affinity = (host: string, text: string) => keyOf({ kind: 'affinity', owner: { type: 'host', name: host }, cidr: cidr(text) });
const handle = (id: string) => keyOf({ kind: 'handle', id });
const handleOf = (counts: Readonly<Record<string, number>>) => JSON.stringify({ block: counts, deleted: false });
const poolOf = (name: string, spec: object, more: object = {}) => ({
  [keyOf({ kind: 'pool', name })]: JSON.stringify({
    kind: 'IPPool',
    apiVersion: 'projectcalico.org/v3',
    ...more,
    metadata: { name },
    spec,
  }),
});

/** A /30 of host a with its affinity, changed. */
function ownBlock(text: string, changed: object = {}, held: Readonly<Record<number, string | null>> = {}): Record<string, string> {
  const value = { ...(JSON.parse(storedBlock(text, 'host:a', held)) as object), ...changed };
  return { [block(text)]: JSON.stringify(value), [affinity('a', text)]: CONFIRMED };
}

/** What is sound in every test: a pool, and node a with a block in which pod-ok holds an address. */
export const SOUND: Readonly<Record<string, string>> = {
  ...poolOf('pods', { cidr: '10.0.0.0/16', blockSize: 30 }),
  [keyOf({ kind: 'node', name: 'a' })]: '{"kind":"Node","metadata":{"name":"a"},"spec":{}}',
  ...ownBlock('10.0.0.0/30', {}, { 1: 'pod-ok' }),
  [handle('pod-ok')]: handleOf({ '10.0.0.0/30': 1 }),
};

const damage = (
  what: string,
  [kind, outcome]: readonly [FindingKind, Damage['outcome']],
  entries: Readonly<Record<string, string>>,
  names = '',
): Damage => ({ what, kind, outcome, entries, names });

export const DAMAGES: readonly Damage[] = [
  damage('a block that is no JSON', ['corrupt-value', 'refused'], { [block('10.0.1.0/30')]: '{"cidr":' }, '10.0.1.0-30'),
  damage(
    'an ordinal that is out of its block',
    ['corrupt-value', 'refused'],
    {
      [block('10.0.1.4/30')]: storedBlock('10.0.1.4/30', 'host:a').replace('[0,1,2,3]', '[0,1,2,99]'),
      [affinity('a', '10.0.1.4/30')]: CONFIRMED,
    },
    '10.0.1.4-30',
  ),
  damage('a handle that is no JSON', ['corrupt-value', 'refused'], { [handle('broken')]: 'x' }, 'handle/broken'),
  damage(
    'an affinity in a state of a newer version',
    ['newer-format', 'refused'],
    { [affinity('a', '10.0.1.8/30')]: '{"state":"draining"}' },
    '10.0.1.8-30',
  ),
  damage(
    'a pool of a newer API',
    ['newer-format', 'refused'],
    poolOf('newer', { cidr: '10.1.0.0/16' }, { apiVersion: 'projectcalico.org/v4' }),
    'newer',
  ),
  damage('a key of a newer plat', ['newer-format', 'refused'], { '/plat/v2/leases/x': '{}' }, '/plat/v2/leases/x'),
  damage(
    'a block under a key with host bits',
    ['unknown-key', 'refused'],
    { '/calico/ipam/v2/assignment/ipv4/block/10.0.1.13-30': storedBlock('10.0.1.12/30', null) },
    '10.0.1.13-30',
  ),
  damage('an address neither free nor held', ['ordinal-lost', 'repaired'], ownBlock('10.0.2.0/30', { unallocated: [0, 1, 3] })),
  damage('an address twice in the queue', ['ordinal-repeated', 'repaired'], ownBlock('10.0.2.4/30', { unallocated: [0, 1, 1, 2, 3] })),
  damage('an address held and free', ['ordinal-held-and-free', 'repaired'], {
    ...ownBlock('10.0.2.8/30', { unallocated: [0, 1, 2, 3] }, { 1: 'h-both' }),
    [handle('h-both')]: handleOf({ '10.0.2.8/30': 1 }),
  }),
  damage(
    'an index that points nowhere',
    ['attribute-missing', 'refused'],
    ownBlock('10.0.2.12/30', { allocations: [7, null, null, null], unallocated: [1, 2, 3] }),
  ),
  damage(
    'an owner that holds nothing',
    ['attribute-unused', 'repaired'],
    ownBlock('10.0.2.16/30', { attributes: [{ handle_id: 'gone' }] }),
  ),
  damage('a number of a free address', ['number-unused', 'repaired'], ownBlock('10.0.2.20/30', { sequenceNumberForAllocation: { 2: 5 } })),
  damage(
    'a cooldown that is over',
    ['cooling-over', 'repaired'],
    ownBlock('10.0.2.24/30', {
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ releasedAt: '2026-08-21T00:00:00Z' }],
    }),
  ),
  damage(
    'a release in the future',
    ['time-in-future', 'refused'],
    ownBlock('10.0.2.28/30', {
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ releasedAt: '2027-08-22T00:00:00Z' }],
    }),
  ),
  damage('an owner without a type (AF-20)', ['owner-unreadable', 'repaired'], { [block('10.0.3.0/30')]: storedBlock('10.0.3.0/30', ':a') }),
  damage('a block without its affinity (CR-05)', ['block-without-affinity', 'repaired'], {
    [block('10.0.3.4/30')]: storedBlock('10.0.3.4/30', 'host:a', { 1: 'h-keyless' }),
    [handle('h-keyless')]: handleOf({ '10.0.3.4/30': 1 }),
  }),
  damage('an empty block of nobody (RC-07)', ['block-stranded', 'repaired'], { [block('10.0.3.8/30')]: storedBlock('10.0.3.8/30', null) }),
  damage('an affinity without its block (CR-04)', ['affinity-without-block', 'repaired'], { [affinity('a', '10.0.3.12/30')]: CONFIRMED }),
  damage('an affinity for the block of another (CR-03)', ['affinity-foreign', 'repaired'], {
    ...ownBlock('10.0.3.16/30'),
    [affinity('b', '10.0.3.16/30')]: CONFIRMED,
  }),
  damage(
    'a claim that was interrupted (CR-02)',
    ['affinity-pending', 'repaired'],
    { ...ownBlock('10.0.3.20/30'), [affinity('a', '10.0.3.20/30')]: PENDING },
    '10.0.3.20',
  ),
  damage(
    'a claim of which there is only the intent (CR-01)',
    ['affinity-pending', 'repaired'],
    { [affinity('a', '10.0.3.24/30')]: PENDING },
    '10.0.3.24',
  ),
  damage('a release that was interrupted (CR-09)', ['affinity-leaving', 'repaired'], {
    ...ownBlock('10.0.3.28/30', {}, { 0: 'h-leaving' }),
    [affinity('a', '10.0.3.28/30')]: PENDING_DELETION,
    [handle('h-leaving')]: handleOf({ '10.0.3.28/30': 1 }),
  }),
  damage('a node without a record', ['node-missing', 'refused'], {
    [block('10.0.4.0/30')]: storedBlock('10.0.4.0/30', 'host:ghost', { 0: 'h-ghost' }),
    [affinity('ghost', '10.0.4.0/30')]: CONFIRMED,
    [handle('h-ghost')]: handleOf({ '10.0.4.0/30': 1 }),
  }),
  damage('a marker of a node that is gone', ['host-marker', 'repaired'], { '/calico/ipam/v2/host/long-gone': '' }),
  damage('an empty block outside all pools (AA-17)', ['block-outside-pools', 'repaired'], ownBlock('10.9.0.0/30'), '10.9.0.0/30, empty'),
  damage(
    'a block outside all pools in use',
    ['block-outside-pools', 'refused'],
    { ...ownBlock('10.9.0.4/30', {}, { 0: 'h-outside' }), [handle('h-outside')]: handleOf({ '10.9.0.4/30': 1 }) },
    '10.9.0.4',
  ),
  damage('an empty block of a wrong size (AA-30)', ['block-size-differs', 'repaired'], ownBlock('10.0.5.0/29'), '10.0.5.0'),
  damage(
    'two blocks with a common address that both hold',
    ['address-two-owners', 'refused'],
    {
      ...ownBlock('10.0.6.0/29', {}, { 1: 'h-one' }),
      ...ownBlock('10.0.6.0/30', {}, { 1: 'h-two' }),
      [handle('h-one')]: handleOf({ '10.0.6.0/29': 1 }),
      [handle('h-two')]: handleOf({ '10.0.6.0/30': 1 }),
    },
    '10.0.6.1',
  ),
  damage(
    'a handle that holds nothing (CR-06)',
    ['handle-leaked', 'repaired'],
    { [handle('leaked')]: handleOf({ '10.0.0.0/30': 1 }) },
    'Handle leaked ',
  ),
  damage('a handle of an empty map', ['handle-leaked', 'repaired'], { [handle('hollow')]: handleOf({}) }, 'Handle hollow '),
  damage('a handle that counts too much (HD-03)', ['handle-count-high', 'repaired'], {
    ...ownBlock('10.0.7.0/30', {}, { 0: 'h-high' }),
    [handle('h-high')]: handleOf({ '10.0.7.0/30': 4, '10.0.0.0/30': 2 }),
  }),
  damage('a handle that counts too little (HD-02)', ['handle-count-low', 'repaired'], {
    ...ownBlock('10.0.7.4/30', {}, { 0: 'h-low', 1: 'h-low' }),
    [handle('h-low')]: handleOf({ '10.0.7.4/30': 1 }),
  }),
  damage('addresses of a handle without a record (CR-14)', ['handle-missing', 'repaired'], ownBlock('10.0.7.8/30', {}, { 2: 'h-missing' })),
  damage('two pools that overlap', ['pools-overlap', 'refused'], {
    ...poolOf('wide', { cidr: '10.2.0.0/16' }),
    ...poolOf('within', { cidr: '10.2.3.0/24' }),
  }),
  damage('a pool without a network', ['pool-unusable', 'refused'], poolOf('nowhere', { cidr: '10.3.0.0/99' }), 'nowhere'),
  damage(
    'a pool with a selector that cannot be read',
    ['pool-unusable', 'refused'],
    poolOf('picky', { cidr: '10.4.0.0/16', nodeSelector: 'rack ==' }),
    'picky',
  ),
  damage('a reservation that reserves nothing (BM-11)', ['reservation-ignored', 'refused'], {
    [keyOf({ kind: 'reservation', name: 'typo' })]: '{"metadata":{"name":"typo"},"spec":{"reservedCIDRs":["10.0.0.0/33"]}}',
  }),
  damage('settings that contradict each other (CF-08)', ['config-contradictory', 'refused'], {
    [keyOf({ kind: 'config' })]: '{"maxBlocksPerHost":4,"auto_allocate_blocks":true}',
  }),
  damage('a mark that has outlived its purpose', ['marks-expired', 'repaired'], {
    [keyOf({ kind: 'mark', mark: 'released', id: 'old' })]: '{"at":"2026-08-21T00:00:00Z"}',
  }),
];
