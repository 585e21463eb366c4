/** Random sequences of operations on one block, beside a model of three plain collections. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignFree,
  assignOrdinal,
  attributeAt,
  blockFault,
  type Cooldown,
  collect,
  type IsReserved,
  ordinalsOfHandle,
  release,
  releaseHandle,
  sequenceNumberAt,
  stateOf,
  updated,
} from '../../src/core/block.ts';
import type { Block } from '../../src/core/records.ts';
import { emptyBlock, holding, MADE_NS } from '../support/blocks.ts';

const SIZE = 16;
const handleOrNone = fc.constantFrom('a', 'b', 'c', undefined);
const ordinal = fc.integer({ min: 0, max: SIZE - 1 });

/** What the block must say, kept in the plainest way. */
interface Model {
  readonly held: Map<number, { handle: string | undefined; sequenceNumber: bigint }>;
  /** Second of the release. */
  readonly cooling: Map<number, bigint>;
  queue: number[];
}

interface Real {
  block: Block;
  nowNs: bigint;
  readonly seconds: number;
}

const cooldownOf = ({ nowNs, seconds }: Real): Cooldown => ({ nowNs, seconds });
const isReserved =
  (reserved: number): IsReserved =>
  (address) =>
    Number(address.value % BigInt(SIZE)) === reserved;

/** As every operation does: what has cooled is counted in first. */
function collectBoth(model: Model, real: Real): void {
  real.block = collect(real.block, cooldownOf(real)).block;
  const over = [...model.cooling].filter(([, second]) => second * 1_000_000_000n < real.nowNs - BigInt(real.seconds) * 1_000_000_000n);
  const freed = over.map(([each]) => each).sort((a, b) => a - b);
  for (const each of freed) model.cooling.delete(each);
  model.queue.push(...freed);
}

function letGo(model: Model, { nowNs, seconds }: Real, ordinals: readonly number[]): void {
  const ascending = ordinals.toSorted((a, b) => a - b);
  for (const each of ascending) model.held.delete(each);
  if (seconds === 0) model.queue.push(...ascending);
  else for (const each of ascending) model.cooling.set(each, nowNs / 1_000_000_000n);
}

function expectSame(model: Model, { block }: Real): void {
  expect(blockFault(block)).toBeUndefined();
  expect(block.unallocated).toEqual(model.queue);
  for (let each = 0; each < SIZE; each++) {
    const state = model.held.has(each) ? 'held' : model.cooling.has(each) ? 'cooling' : 'free';
    expect(stateOf(block, each), `ordinal ${each}`).toBe(state);
    if (state !== 'held') continue;
    expect(attributeAt(block, each)?.handleId).toBe(model.held.get(each)?.handle);
    expect(sequenceNumberAt(block, each)).toBe(model.held.get(each)?.sequenceNumber);
  }
}

type Step = fc.Command<Model, Real>;

function step(name: string, run: (model: Model, real: Real) => void): Step {
  return {
    check: () => true,
    run(model, real) {
      collectBoth(model, real);
      run(model, real);
      expectSame(model, real);
    },
    toString: () => name,
  };
}

const assignSome = fc.tuple(fc.integer({ min: 0, max: 6 }), handleOrNone, ordinal).map(([count, handle, reserved]) =>
  step(`assign ${count} for ${handle}, all but ${reserved}`, (model, real) => {
    const { block, ordinals } = assignFree(real.block, count, { handle, attrs: undefined }, isReserved(reserved));
    expect(ordinals).toEqual(model.queue.filter((each) => each !== reserved).slice(0, count));
    for (const each of ordinals) model.held.set(each, { handle, sequenceNumber: real.block.sequenceNumber });
    model.queue = model.queue.filter((each) => !ordinals.includes(each));
    if (ordinals.length > 0) real.block = updated(block);
  }),
);

const assignOne = fc.tuple(ordinal, handleOrNone).map(([wanted, handle]) =>
  step(`assign ordinal ${wanted} for ${handle}`, (model, real) => {
    const outcome = assignOrdinal(real.block, wanted, { handle, attrs: { node: 'n' } });
    const expected = model.held.has(wanted) ? 'held' : model.cooling.has(wanted) ? 'cooling' : 'assigned';
    expect(outcome.kind).toBe(expected);
    if (outcome.kind !== 'assigned') return;
    model.held.set(wanted, { handle, sequenceNumber: real.block.sequenceNumber });
    model.queue = model.queue.filter((each) => each !== wanted);
    real.block = updated(outcome.block);
  }),
);

const releaseSome = fc.tuple(fc.uniqueArray(ordinal, { maxLength: 5 }), handleOrNone).map(([ordinals, handle]) =>
  step(`release ${ordinals} of ${handle}`, (model, real) => {
    const claims = ordinals.map((each) => ({ ordinal: each, handle, sequenceNumber: undefined }));
    const outcome = release(real.block, claims, cooldownOf(real));
    const wrong = ordinals.find((each) => handle !== undefined && model.held.has(each) && model.held.get(each)?.handle !== handle);
    if (wrong !== undefined) {
      expect(outcome).toMatchObject({ kind: 'wrong-handle', ordinal: wrong });
      return;
    }
    if (outcome.kind !== 'released') throw new Error(outcome.kind);
    const released = ordinals.filter((each) => model.held.has(each));
    expect(outcome.unallocated).toEqual(ordinals.filter((each) => !model.held.has(each)));
    letGo(model, real, released);
    if (outcome.changed) real.block = updated(outcome.block);
  }),
);

const releaseAll = fc.constantFrom('a', 'b', 'c').map((handle) =>
  step(`release handle ${handle}`, (model, real) => {
    const held = [...model.held].filter(([, holder]) => holder.handle === handle).map(([each]) => each);
    expect(ordinalsOfHandle(real.block, handle)).toEqual(held.toSorted((a, b) => a - b));
    const { block, ordinals } = releaseHandle(real.block, handle, cooldownOf(real));
    letGo(model, real, held);
    if (ordinals.length > 0) real.block = updated(block);
  }),
);

const wait = fc.integer({ min: 1, max: 7_000 }).map((ms) =>
  step(`wait ${ms} ms`, (model, real) => {
    real.nowNs += BigInt(ms) * 1_000_000n;
    collectBoth(model, real);
  }),
);

describe('a block under any sequence of operations', () => {
  it.each([0, 5])('I2, I4, BK-24 is what the model says, and reuses addresses first in, first out, after %i s of cooldown', (seconds) => {
    fc.assert(
      fc.property(fc.commands([assignSome, assignOne, releaseSome, releaseAll, wait], { maxCommands: 60 }), (commands) => {
        fc.modelRun(() => {
          const block = emptyBlock('10.0.0.0/28');
          return {
            model: { held: new Map(), cooling: new Map(), queue: [...block.unallocated] },
            real: { block, nowNs: MADE_NS, seconds },
          };
        }, commands);
      }),
      { numRuns: 100 },
    );
  });

  it('I2 names each way in which a block can be broken', () => {
    const block = holding({ h: [0] }, emptyBlock('10.0.0.0/30'));
    expect(blockFault(block)).toBeUndefined();
    const broken: Partial<Block>[] = [
      { unallocated: [1, 2, 4] },
      { unallocated: [1, 2, 2] },
      { unallocated: [0, 1, 2, 3] },
      { unallocated: [1, 2] },
      { allocations: [1, null, null, null] },
      { attributes: [...(block.attributes ?? []), ...(block.attributes ?? [])] },
    ];
    for (const members of broken) expect(blockFault({ ...block, ...members }), JSON.stringify(members)).toBeDefined();
  });
});
