/** How an operation of several commits ends half way. */
import { StoreError } from '../store/port.ts';
import { IpamError } from './errors.ts';
import { errorOfStore } from './translate.ts';

/**
 * The error that ended it, with what was done until then: `progress` in sentences, also as `details.progress`, and `details`. What
 * is no refusal stays as it is.
 */
export function brokenOff(cause: unknown, progress: string, details: Readonly<Record<string, unknown>> = {}): unknown {
  const error = refusalOf(cause);
  if (!(error instanceof IpamError)) return error;
  const { progress: earlier } = error.details;
  const told = typeof earlier === 'string' ? `${earlier} ${progress}` : progress;
  return new IpamError(error.code, `${error.message} ${progress}`, { cause, details: { ...error.details, ...details, progress: told } });
}

function refusalOf(cause: unknown): unknown {
  if (cause instanceof StoreError) return errorOfStore(cause);
  // What Node's own calls reject with when the signal aborts.
  if (cause instanceof Error && cause.name === 'AbortError') return new IpamError('aborted', 'the call was aborted.', { cause });
  return cause;
}
