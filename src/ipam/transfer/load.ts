/**
 * A dump into a store: first all of it is read and compared, and only when nothing speaks against it the first write happens.
 * Loading again what was loaded, or half loaded, finds what is there and goes on.
 */
import { PREFIXES, parseKey } from '../../store/keys.ts';
import type { CallOptions, Entry, Revision } from '../../store/port.ts';
import { brokenOff } from '../broken-off.ts';
import type { Context } from '../context.ts';
import { IpamError, invalidArgument } from '../errors.ts';
import { STORE_CALL_TIMEOUT_MS } from '../retry.ts';
import { requireUnlocked } from '../upkeep/cluster.ts';
import type { LoadCounts, LoadOptions, LoadResult } from './api.ts';
import { type Compared, compare, currentEntries, storedEntries } from './compare.ts';
import { type DumpHeader, decodeDump } from './format.ts';
import { type Change, changedMeanwhile, Writer } from './writer.ts';

/** Keys named in a message. */
const EXAMPLES_MAX = 5;
const MODES = ['empty', 'merge', 'replace'] as const;

export async function load(context: Context, options: LoadOptions): Promise<LoadResult> {
  const { open, mode = 'empty', dryRun = false, seenAt, onProgress, signal, timeoutMs = STORE_CALL_TIMEOUT_MS } = options;
  if (!MODES.includes(mode))
    throw invalidArgument(`mode "${mode}" is not known. Use ${MODES.join(', ')}.`, { argument: 'mode', value: mode });
  const call = { timeoutMs, ...(signal && { signal }) };
  if (!dryRun) await requireUnlocked(context, call);
  const seen = await survey(context, open, call, (entries) => onProgress?.({ phase: 'reading', done: entries, total: undefined }));
  refuseUnfit(context, seen, mode);
  if (seenAt !== undefined && seen.newest && seen.newest.revision > seenAt) throw changedMeanwhile(seen.newest.key);
  const { added, replaced, deleted } = changesOf(seen.counts, mode);
  const total = added + replaced + deleted;
  if (!dryRun && total > 0) {
    let done = 0;
    const onWritten = (now: number) => {
      done = now;
      onProgress?.({ phase: 'writing', done, total });
    };
    try {
      await write(context, { open, mode, seenAt: seen.revision, call, onWritten });
    } catch (error) {
      const progress = `At least ${done} of ${total} keys are ${mode === 'replace' ? 'changed' : 'there'}; the same again goes on.`;
      throw brokenOff(error, progress, { done, total });
    }
  }
  return {
    source: seen.header,
    revision: seen.revision,
    ...seen.counts,
    kinds: Object.fromEntries(seen.kinds),
    added,
    replaced,
    deleted,
    written: !dryRun,
  };
}

interface Seen {
  /** Of the store when it was compared. */
  readonly revision: Revision;
  readonly header: DumpHeader;
  readonly counts: LoadCounts;
  readonly kinds: ReadonlyMap<string, number>;
  /** Of what the dump has otherwise or not at all, what was written last. */
  readonly newest: Entry | undefined;
  /** A few keys of the store. */
  readonly different: readonly string[];
  readonly extra: readonly string[];
}

/** Reads the dump to its end, beside the store. */
async function survey({ store }: Context, open: LoadOptions['open'], call: CallOptions, onRead: (entries: number) => void): Promise<Seen> {
  let header: DumpHeader | undefined;
  const counts = { entries: 0, absent: 0, equal: 0, different: 0, extra: 0 };
  const kinds = new Map<string, number>();
  const examples = { different: [] as string[], extra: [] as string[] };
  let newest: Entry | undefined;
  const { revision } = await store.read({}, call);
  const entries = decodeDump(open(), (found) => {
    header = found;
  });
  for await (const item of compare(entries, storedEntries(store, revision, call))) {
    counts[item.kind]++;
    if (item.kind === 'different' || item.kind === 'extra') {
      if (examples[item.kind].length < EXAMPLES_MAX) examples[item.kind].push(item.stored.key);
      if (!newest || item.stored.revision > newest.revision) newest = item.stored;
    }
    if (item.kind === 'extra') continue;
    onRead(++counts.entries);
    const kind = parseKey(item.entry.key)?.kind ?? 'other';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return { revision, header: header as DumpHeader, counts, kinds, newest, ...examples };
}

function changesOf(
  { absent, different, extra }: LoadCounts,
  mode: LoadOptions['mode'],
): { added: number; replaced: number; deleted: number } {
  return mode === 'replace' ? { added: absent, replaced: different, deleted: extra } : { added: absent, replaced: 0, deleted: 0 };
}

/** I10: without being told, nothing that is there is changed, nor joined by what may contradict it. */
function refuseUnfit({ store }: Context, seen: Seen, mode: LoadOptions['mode']): void {
  const { different, extra } = seen.counts;
  const isMerge = mode === 'merge';
  if (mode === 'replace' || (different === 0 && (isMerge || extra === 0))) return;
  const others = [
    ...(different > 0 ? [`${different} key(s) with other values than the dump`] : []),
    ...(extra > 0 && !isMerge ? [`${extra} key(s) that the dump does not have`] : []),
  ];
  const examples = [...seen.different, ...(isMerge ? [] : seen.extra)].slice(0, EXAMPLES_MAX);
  const instead = isMerge ? 'What differs cannot be merged: use replace, or another store.' : 'Use an empty store, or merge or replace.';
  const message = `${store.name} is not empty: it has ${others.join(' and ')}, such as ${examples.join(', ')}. Nothing was written. ${instead}`;
  throw new IpamError('store-not-empty', message, { details: { ...seen.counts, examples } });
}

interface Writing {
  readonly open: LoadOptions['open'];
  readonly mode: LoadOptions['mode'];
  /** What is newer was not counted, and nobody agreed to lose it. */
  readonly seenAt: Revision;
  readonly call: CallOptions;
  readonly onWritten: (done: number) => void;
}

async function write(context: Context, options: Writing): Promise<void> {
  const writer = new Writer(context, options.call, options.onWritten);
  try {
    if (options.mode === 'replace') await deletePools(context, writer, options);
    await writeChanges(context, writer, options);
    await writer.flush();
  } finally {
    await writer.settled();
  }
}

async function writeChanges({ store }: Context, writer: Writer, { open, mode, seenAt, call }: Writing): Promise<void> {
  const entries = decodeDump(open(), () => {});
  let isPools = false;
  for await (const item of compare(entries, currentEntries(store, call))) {
    const change = changeOf(item, mode, seenAt);
    if (!change) continue;
    // Commits overtake each other: before the first pool everything else must be there.
    if (!isPools && change.key.startsWith(PREFIXES.pools)) {
      await writer.flush();
      isPools = true;
    }
    await writer.add(change);
  }
}

/** While a store is made another one, nothing may be assigned from it. */
async function deletePools({ store }: Context, writer: Writer, { seenAt, call }: Writing): Promise<void> {
  for await (const { entries } of store.list(PREFIXES.pools, call)) {
    for (const { key, revision } of entries) {
      if (revision > seenAt) throw changedMeanwhile(key);
      await writer.add({ key, value: undefined, revision });
    }
  }
  await writer.flush();
}

function changeOf(item: Compared, mode: LoadOptions['mode'], seenAt: Revision): Change | undefined {
  if (item.kind === 'absent') return { key: item.entry.key, value: item.entry.value, revision: 'absent' };
  if (item.kind === 'equal' || (item.kind === 'extra' && mode === 'merge')) return undefined;
  const { key, revision } = item.stored;
  // Somebody wrote it since it was compared.
  if (mode !== 'replace' || revision > seenAt) throw changedMeanwhile(key);
  return { key, value: item.kind === 'different' ? item.entry.value : undefined, revision };
}
