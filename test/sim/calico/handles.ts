/** Handle counts, in writes of their own: before the block on assignment, after it on release (HD-02). */
import type { Cidr } from '../../../src/core/addr.ts';
import { type Handle, NO_EXTRA, type RefOf } from '../../../src/core/records.ts';
import { type Calico, RETRIES_MAX } from './context.ts';
import { Conflict, Failed } from './entries.ts';

const NEW: Handle = { blocks: new Map(), deleted: false, extra: NO_EXTRA };

/** Adds `count`, which is what was asked for, not what will be taken (HD-03). */
export async function increment(calico: Calico, id: string, block: Cidr, count: number): Promise<void> {
  await change(calico, id, ({ blocks, ...handle }) => ({
    ...handle,
    blocks: new Map([...blocks, [block.text, (blocks.get(block.text) ?? 0) + count]]),
  }));
}

/** Subtracts `count`; what is not counted is left alone (HD-05). */
export async function decrement(calico: Calico, id: string, block: Cidr, count: number): Promise<void> {
  await change(calico, id, ({ blocks, ...handle }) => {
    const left = (blocks.get(block.text) ?? 0) - count;
    if (!blocks.has(block.text) || left < 0) return undefined;
    const others = [...blocks].filter(([text]) => text !== block.text);
    return { ...handle, blocks: new Map(left === 0 ? others : [...others, [block.text, left]]) };
  });
}

/** `next` gives nothing when nothing is to be changed. */
async function change({ entries }: Calico, id: string, next: (handle: Handle) => Handle | undefined): Promise<void> {
  const ref: RefOf<'handle'> = { kind: 'handle', id };
  for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
    const stored = await entries.get(ref);
    const handle = next(stored?.record ?? NEW);
    if (!handle) return;
    try {
      if (!stored) await entries.create(ref, handle);
      else if (handle.blocks.size === 0) await entries.delete(stored);
      else await entries.update(stored, handle);
      return;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new Failed('failed to change handle: max retries hit');
}
