/** An operation that is about to be started. */
import type { AutoAssignResult, Ipam } from '../../../src/ipam/api.ts';
import type { Answer, AnsweredAddress, Request } from '../operation.ts';

export interface CallParts {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Metadata that names the operation. */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface Start<Target> {
  readonly label: string;
  readonly request: Request;
  /** Its caller repeats it after a crash, or when it was not told what happened (I8). */
  readonly isRepeatable: boolean;
  run(target: Target, call: CallParts): Promise<Answer>;
}

export type PlatStart = Start<Ipam>;

/** An operation that is judged by what it writes alone. */
export function plain(label: string, run: (ipam: Ipam, call: Omit<CallParts, 'attrs'>) => Promise<unknown>): PlatStart {
  return {
    label,
    request: { kind: 'other' },
    isRepeatable: true,
    run: async (ipam, { attrs: _, ...call }) => {
      await run(ipam, call);
      return { kind: 'done' };
    },
  };
}

export function addressesOf({ v4, v6 }: AutoAssignResult): AnsweredAddress[] {
  return [...(v4?.addresses ?? []), ...(v6?.addresses ?? [])].map(({ ip, sequenceNumber, existing }) => ({ ip, sequenceNumber, existing }));
}
