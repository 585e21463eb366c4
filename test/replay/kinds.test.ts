import { describe, expect, it } from 'vitest';
import { parseHistory } from './history.ts';
import type { Snapshot } from './keyspace.ts';
import { kindOfKey, type StepRun } from './kinds.ts';

const BLOCK = '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-30';
const AFFINITY = '/calico/ipam/v2/host/a/ipv4/block/10.0.0.0-30';
const PENDING = '{"state":"pending","deleted":false}';
const CONFIRMED = '{"state":"confirmed","deleted":false}';

/** No recorded history has this difference: it is checked with one step made up here. */
describe('kind 4, a state that a crash left and Calico leaves alone', () => {
  function kind(op: string, block: string | undefined, calicoAfter: string, oursAfter: string | undefined): unknown {
    const [step] = parseHistory(`{"name":"n","steps":[${op}]}`).steps;
    const state = (affinity: string | undefined): Snapshot =>
      new Map(
        Object.entries({ [BLOCK]: block, [AFFINITY]: affinity }).filter((entry): entry is [string, string] => entry[1] !== undefined),
      );
    const run = {
      step,
      outcome: { result: undefined },
      calicoBefore: state(PENDING),
      calicoAfter: state(calicoAfter),
      oursBefore: state(PENDING),
      oursAfter: state(oursAfter),
    } as StepRun;
    return kindOfKey(AFFINITY, { calico: calicoAfter, ours: oursAfter }, run);
  }
  const assign = '{"op":"assignIp","host":"a","ip":"10.0.0.1"}';
  const own = '{"cidr":"10.0.0.0/30","affinity":"host:a"}';
  const foreign = '{"cidr":"10.0.0.0/30","affinity":"host:b"}';

  it('CR-15 takes one that ends confirmed beside the own block, or gone beside the block of another', () => {
    expect(kind(assign, own, PENDING, CONFIRMED)).toBe(4);
    expect(kind(assign, foreign, PENDING, undefined)).toBe(4);
  });

  it.each([
    ['ends confirmed beside the block of another', assign, foreign, PENDING, CONFIRMED],
    ['ends gone beside the own block', assign, own, PENDING, undefined],
    ['is changed by Calico', assign, own, '{"state":"pendingDeletion","deleted":false}', CONFIRMED],
    ['has no block', assign, undefined, PENDING, undefined],
    ['is met by another operation', '{"op":"releaseByHandle","handle":"h"}', own, PENDING, CONFIRMED],
  ])('takes none that %s', (_, op, block, calicoAfter, oursAfter) => {
    expect(kind(op, block, calicoAfter, oursAfter)).toBe('unexpected');
  });
});
