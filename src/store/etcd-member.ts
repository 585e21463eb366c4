/** One member of an etcd, behind the transport that reaches it. */
import type { IRangeRequest, ITxnRequest, IWatchCreateRequest } from 'etcd3';

/** What is used of etcd's messages, named as etcd names it; 64-bit numbers are decimal strings. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly mod_revision: string;
}

interface Header {
  readonly revision: string;
}

export interface RangeAnswer {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

export interface TxnAnswer {
  readonly header: Header;
  readonly succeeded: boolean;
  /** Only answers to ranges are looked at. */
  readonly responses: readonly { readonly response_range: RangeAnswer }[];
}

export interface WatchAnswer {
  readonly header: Header;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly cancel_reason: string;
  readonly compact_revision: string;
  readonly fragment: boolean;
  readonly events: readonly { readonly type: 'Put' | 'Delete'; readonly kv: KeyValue }[];
}

export interface RpcOptions {
  /** The request ends after this long, with an error. */
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How requests get to one member. Each is sent at most once, and a member that is cut off from its cluster refuses it
 * instead of letting it wait. They reject with an Error that `etcd-errors.ts` knows to classify by its text.
 */
export interface EtcdTransport {
  range(request: IRangeRequest, options: RpcOptions): Promise<RangeAnswer>;
  txn(request: ITxnRequest, options: RpcOptions): Promise<TxnAnswer>;
  /** Answers until `signal` aborts, or the stream ends or breaks (throws), also when the member stops answering. */
  watch(request: IWatchCreateRequest, signal: AbortSignal): AsyncIterable<WatchAnswer>;
  /**
   * Follows what a refused request showed of the member: whether it wants a login, or a new one. True when the request is
   * worth another try.
   */
  adapt(error: Error): boolean;
  close(): void;
}

/** The member cannot be used by this transport, but may be by another. The text says whether the request was sent. */
export class TransportUnusable extends Error {
  override readonly name = 'TransportUnusable';
}

/** The way to it, and how it behaved lately. */
export class EtcdMember {
  /** `host:port` */
  readonly address: string;
  /** It answered the newest call. */
  proven = false;
  /** Used last until then (monotonic milliseconds), since a call failed. */
  suspectUntilMs = 0;
  #transport: EtcdTransport;
  readonly #fallback: (() => Promise<EtcdTransport>) | undefined;
  #abandoned: EtcdTransport | undefined;
  #changing: Promise<void> | undefined;

  /** `fallback`: opens the transport to use when this one turns out to be unusable. */
  constructor(address: string, transport: EtcdTransport, fallback?: () => Promise<EtcdTransport>) {
    this.address = address;
    this.#transport = transport;
    this.#fallback = fallback;
  }

  get transport(): EtcdTransport {
    return this.#transport;
  }

  /** No request has shown yet that the transport is of use, and there is another. */
  get isOnTrial(): boolean {
    return !this.proven && this.#fallback !== undefined && this.#changing === undefined;
  }

  /** True when a refusal changed how the member is spoken to, so that the refused request is worth another try. */
  async adapt(error: Error): Promise<boolean> {
    if (!(error instanceof TransportUnusable) || this.#fallback === undefined) return this.#transport.adapt(error);
    this.#changing ??= this.#fallback().then((transport) => {
      // Other requests may still be under way there: it is closed in the end.
      this.#abandoned = this.#transport;
      this.#transport = transport;
    });
    await this.#changing;
    return true;
  }

  close(): void {
    this.#abandoned?.close();
    this.#transport.close();
  }
}
