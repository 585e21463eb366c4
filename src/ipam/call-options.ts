/** Taken by every operation. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds the whole operation may take, retries included. Default 30,000. */
  readonly timeoutMs?: number;
}
