/** The store of a cluster, over etcd's version 3 API (3.4 and later). */
import type { IRangeRequest } from 'etcd3';
import { assert } from '../core/assert.ts';
import { EtcdCalls, OutcomeUnknown } from './etcd-calls.ts';
import { type EtcdPage, listPrefix } from './etcd-list.ts';
import { EtcdMember, type RangeAnswer } from './etcd-member.ts';
import { commitTxn, entryOf, readRanges, readResult } from './etcd-messages.ts';
import { type EtcdOptions, type EtcdTarget, readOptions } from './etcd-options.ts';
import { watchPrefix } from './etcd-watch.ts';
import { checkCommit, checkPrefix, checkRead } from './limits.ts';
import {
  type CallOptions,
  COMMIT_OPERATIONS_MAX,
  type CommitOutcome,
  type CommitRequest,
  type ListOptions,
  type ReadRequest,
  type ReadResult,
  type Revision,
  type Store,
  StoreError,
  type WatchEvent,
} from './port.ts';
import { SharedReads } from './shared-reads.ts';

export type { EtcdOptions } from './etcd-options.ts';

/** A compaction may overtake a read of several transactions; it does not do so twice in a row. */
const SNAPSHOT_ATTEMPTS_MAX = 3;

/** Etcd answers a transaction without a range from local data; this makes it ask the leader for the newest revision. */
const NOTHING: IRangeRequest = { key: Buffer.from('\0'), count_only: true };

/**
 * A store over the given members of one etcd. Nothing is sent before the first call. Rejects with StoreError when the
 * options or TLS files are of no use.
 */
export async function openEtcdStore(options: EtcdOptions): Promise<Store> {
  const target = await readOptions(options);
  const { timeoutMs, clock } = target;
  const members = await (options.transport === 'gateway' ? gatewayMembers(target) : grpcMembers(target));
  return new EtcdStore(new EtcdCalls(members, { secure: target.tls !== undefined, timeoutMs, clock }));
}

async function grpcMembers(target: EtcdTarget): Promise<EtcdMember[]> {
  const { connectGrpc } = await import('./etcd-grpc.ts');
  return target.addresses.map((address) => new EtcdMember(address, connectGrpc(address, target)));
}

/** The client library of gRPC is loaded only for a member that needs it. */
async function gatewayMembers(target: EtcdTarget): Promise<EtcdMember[]> {
  const { openGateway } = await import('./etcd-gateway.ts');
  const connectGateway = await openGateway(target);
  return target.addresses.map((address) => {
    const overGrpc = async () => (await import('./etcd-grpc.ts')).connectGrpc(address, target);
    return new EtcdMember(address, connectGateway(address), overGrpc);
  });
}

class EtcdStore implements Store {
  readonly name: string;
  readonly #calls: EtcdCalls;
  readonly #reads: SharedReads;

  constructor(calls: EtcdCalls) {
    this.name = calls.name;
    this.#calls = calls;
    this.#reads = new SharedReads((request, options) => this.#readOnce(request, options), calls);
  }

  async read(request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    checkRead(request);
    return await this.#reads.read(request, options);
  }

  /** One request, unless it has more ranges than a transaction may. */
  async #readOnce(request: ReadRequest, options: CallOptions): Promise<ReadResult> {
    const asked = readRanges(request);
    const ranges = asked.length === 0 ? [NOTHING] : asked;
    for (let attempt = 1; ; attempt++) {
      try {
        const { revision, answers } = await this.#snapshot(ranges, options);
        return readResult(request, revision, answers);
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'revision-compacted' || attempt === SNAPSHOT_ATTEMPTS_MAX) throw error;
      }
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<EtcdPage, void, undefined> {
    checkPrefix(prefix);
    yield* listPrefix(this.#calls, prefix, options);
  }

  async commit(request: CommitRequest, options?: CallOptions): Promise<CommitOutcome> {
    checkCommit(request);
    const txn = commitTxn(request);
    const keys = [...request.guards, ...request.writes].map(({ key }) => key).concat(request.deletes);
    const probeKey = keys[0];
    try {
      const { header, succeeded, responses } = await this.#calls.run(
        {
          doing: () => `committing ${named(keys)}`,
          send: 'once',
          ...(probeKey === undefined ? {} : { probeKey }),
          request: (transport, rpc) => transport.txn(txn, rpc),
        },
        options,
      );
      const revision = BigInt(header.revision);
      if (succeeded) return { kind: 'committed', revision };
      const current = responses.flatMap(({ response_range }) => response_range.kvs.map(entryOf));
      return { kind: 'conflict', revision, current: new Map(current.map((entry) => [entry.key, entry])) };
    } catch (error) {
      if (error instanceof OutcomeUnknown) return { kind: 'unknown', cause: error };
      throw error;
    }
  }

  async *watch(
    prefix: string,
    fromRevision: Revision,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<WatchEvent, void, undefined> {
    checkPrefix(prefix);
    assert(fromRevision > 0n, 'a watch starts at a revision');
    const { closed } = this.#calls;
    yield* watchPrefix(this.#calls, prefix, fromRevision, signal === undefined ? closed : AbortSignal.any([signal, closed]));
  }

  async close(): Promise<void> {
    this.#calls.close();
  }

  /** Every range at one revision: one transaction, or as many as it takes, the later ones at the revision of the first. */
  async #snapshot(
    ranges: readonly IRangeRequest[],
    options: CallOptions | undefined,
  ): Promise<{ readonly revision: Revision; readonly answers: readonly RangeAnswer[] }> {
    const answers: RangeAnswer[] = [];
    let revision: Revision | undefined;
    do {
      const part = ranges.slice(answers.length, answers.length + COMMIT_OPERATIONS_MAX);
      const at = revision;
      const success = part.map((range) => ({ request_range: at === undefined ? range : { ...range, revision: at.toString() } }));
      const response = await this.#calls.run(
        {
          doing: () => `reading ${named(ranges.map(({ key }) => String(key)))}`,
          send: 'repeatedly',
          request: (transport, rpc) => transport.txn({ success }, rpc),
        },
        options,
      );
      revision ??= BigInt(response.header.revision);
      answers.push(...response.responses.map(({ response_range }) => response_range));
    } while (answers.length < ranges.length);
    return { revision, answers };
  }
}

/** For messages: the first key and how many more. */
function named(keys: readonly string[]): string {
  const [first, ...rest] = new Set(keys);
  if (first === undefined) return 'nothing';
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}
