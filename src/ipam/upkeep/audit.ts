/** Feeds every record of a store to an audit. */
import { Audit } from '../../core/audit/audit.ts';
import type { Block } from '../../core/records.ts';
import { PREFIXES } from '../../store/keys.ts';
import type { Context } from '../context.ts';
import { viewOf } from '../reports.ts';
import type { AuditOptions, AuditReport, OnProgress } from './api.ts';
import { type Scanned, scan } from './scan.ts';

/** Sees each record that can be read, and what the audit made of all in the end. */
export interface Observer<T> {
  record?(scanned: Scanned): void;
  end(report: AuditReport): T;
}

/** Records between two calls of `onProgress`. */
const PROGRESS_EVERY = 500;

export function audit(context: Context, options: AuditOptions = {}): Promise<AuditReport> {
  const { onBegin, onBlock } = options;
  return auditBeside(context, options, () => {
    onBegin?.();
    return {
      record: ({ named }) => {
        if (named?.ref.kind === 'block' && named.decoded.kind === 'ok') onBlock?.(viewOf(named.decoded.record as Block));
      },
      end: (report) => report,
    };
  });
}

/** An audit, with an observer of its own for each attempt to read the store; the revision it will see is fixed before it is made. */
export async function auditBeside<T>(
  { store, clock }: Context,
  { onProgress, signal, timeoutMs }: Omit<AuditOptions, 'onBegin' | 'onBlock'>,
  observe: () => Observer<T> | Promise<Observer<T>>,
): Promise<T> {
  const call = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
  return scan(store, call, async (revision) => {
    const nowNs = clock.nowNs();
    const pass = new Audit(nowNs);
    const observer = await observe();
    const tell = progressOf(onProgress);
    return {
      each: (scanned) => {
        observer.record?.(scanned);
        const { key, revision: written, named } = scanned;
        const seen = { key, revision: written };
        if (named) pass.add(named.ref, named.decoded, seen);
        else pass.unknown(seen, key.startsWith(PREFIXES.plat));
        tell(named?.ref.kind ?? 'other key');
      },
      end: () => observer.end({ revision, takenAtMs: Number(nowNs / 1_000_000n), counts: pass.counts, findings: pass.finish() }),
    };
  });
}

function progressOf(onProgress: OnProgress | undefined): (kind: string) => void {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count % PROGRESS_EVERY === 0) onProgress?.(`${kind}s`, count);
  };
}
