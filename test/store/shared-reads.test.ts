import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { type CallOptions, type Entry, type ReadRequest, type ReadResult, StoreError } from '../../src/store/port.ts';
import { SharedReads } from '../../src/store/shared-reads.ts';

const VALUE = new Uint8Array([1]);
const entry = (key: string, value = VALUE): Entry => ({ key, value, revision: 7n });

/** Answers every key but those with `absent` in them, and each range with one entry at its start; notes what was asked. */
function backend(refuse: (request: ReadRequest, options: CallOptions) => StoreError | undefined = () => undefined) {
  const asked: { request: ReadRequest; options: CallOptions }[] = [];
  const clock = { ...systemClock, monotonicMs: () => nowMs.value };
  const nowMs = { value: 0 };
  const read = async (request: ReadRequest, options: CallOptions): Promise<ReadResult> => {
    asked.push({ request, options });
    const refusal = refuse(request, options);
    if (refusal) throw refusal;
    const { keys = [], probes = [], ranges = [] } = request;
    const single = [...probes.map((key) => entry(key, new Uint8Array())), ...keys.map((key) => entry(key))];
    return {
      revision: 9n,
      entries: new Map(single.filter(({ key }) => !key.includes('absent')).map((each) => [each.key, each])),
      ranges: ranges.map(({ start, limit = 0 }) => ({ entries: [entry(start)], more: limit > 0 })),
    };
  };
  return { asked, nowMs, reads: new SharedReads(read, { clock, timeoutMs: 5_000 }) };
}

const POOLS = { start: '/pools/', end: '/pools0' };

describe('SharedReads', () => {
  it('passes a read that is alone on as it is', async () => {
    const { asked, reads } = backend();
    const request = { keys: ['a'], ranges: [POOLS] };
    const result = await reads.read(request, { timeoutMs: 40 });
    expect(result.entries.get('a')).toEqual(entry('a'));
    expect(asked).toEqual([{ request, options: { timeoutMs: 40 } }]);
  });

  it('sends the reads of one turn as one request, what they have in common once', async () => {
    const { asked, reads } = backend();
    const limited = { ...POOLS, limit: 1 };
    const [one, two, three] = await Promise.all([
      reads.read({ keys: ['a', 'config'], ranges: [POOLS] }, { timeoutMs: 100 }),
      reads.read({ keys: ['b', 'absent', 'config'], probes: ['a'], ranges: [limited, POOLS] }),
      reads.read({ probes: ['b', 'absent too'] }, { timeoutMs: 60 }),
    ]);
    expect(asked).toEqual([
      {
        request: { keys: ['a', 'config', 'b', 'absent'], probes: ['absent too'], ranges: [POOLS, limited] },
        options: { timeoutMs: 60 },
      },
    ]);
    expect(one).toEqual({
      revision: 9n,
      entries: new Map([
        ['a', entry('a')],
        ['config', entry('config')],
      ]),
      ranges: [{ entries: [entry('/pools/')], more: false }],
    });
    expect([...two.entries.keys()].toSorted()).toEqual(['a', 'b', 'config']);
    expect(two.entries.get('a')?.value).toHaveLength(0);
    expect(two.ranges.map(({ more }) => more)).toEqual([true, false]);
    expect(three.entries).toEqual(new Map([['b', entry('b', new Uint8Array())]]));
  });

  it('does not let a later turn wait for an earlier one', async () => {
    const { asked, reads } = backend();
    const first = reads.read({ keys: ['a'] });
    await new Promise<void>((resolve) => setImmediate(resolve));
    await Promise.all([first, reads.read({ keys: ['b'] })]);
    expect(asked).toHaveLength(2);
  });

  it('keeps within what one transaction may hold', async () => {
    const { asked, reads } = backend();
    const keysOf = (reader: number) => Array.from({ length: 50 }, (_, index) => `${reader}-${index}`);
    const results = await Promise.all([0, 1, 2].map((reader) => reads.read({ keys: keysOf(reader) })));
    expect(asked.map(({ request }) => request.keys?.length)).toEqual([100, 50]);
    expect(results.map(({ entries }) => [...entries.keys()])).toEqual([0, 1, 2].map(keysOf));
  });

  it('asks for each alone when the shared request is refused, so that a refusal hits its own reader only', async () => {
    const { reads } = backend(({ keys = [] }) => (keys.includes('secret') ? new StoreError('store-permission', 'no') : undefined));
    const [open, secret] = await Promise.allSettled([reads.read({ keys: ['a'] }), reads.read({ keys: ['secret'] })]);
    expect(open).toMatchObject({ status: 'fulfilled', value: { revision: 9n } });
    expect(secret).toMatchObject({ status: 'rejected', reason: { code: 'store-permission' } });
  });

  it('gives those with time left another try after the shortest time is over, and the others the error', async () => {
    const { asked, nowMs, reads } = backend((_request, { timeoutMs = 0 }) => {
      if (timeoutMs > 60) return undefined;
      nowMs.value += 60;
      return new StoreError('store-unavailable', 'too slow');
    });
    const [short, long] = await Promise.allSettled([
      reads.read({ keys: ['a'] }, { timeoutMs: 60 }),
      reads.read({ keys: ['b'] }, { timeoutMs: 200 }),
    ]);
    expect(short).toMatchObject({ status: 'rejected', reason: { code: 'store-unavailable' } });
    expect(long.status).toBe('fulfilled');
    expect(asked.at(-1)).toEqual({ request: { keys: ['b'] }, options: { timeoutMs: 140 } });
  });

  it('hands an aborted reader to the lone path at once, which refuses it, and serves the others', async () => {
    const aborting = new AbortController();
    const { reads } = backend((_request, { signal }) => (signal?.aborted ? new StoreError('aborted', 'by the caller') : undefined));
    const gone = reads.read({ keys: ['a'] }, { signal: aborting.signal });
    const kept = reads.read({ keys: ['b'] });
    aborting.abort();
    await expect(gone).rejects.toMatchObject({ code: 'aborted' });
    expect((await kept).entries.has('b')).toBe(true);
  });
});
