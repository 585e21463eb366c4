/** Collects again and again, as long as this process leads (GC-01, GC-14). */
import { suspectsAfter } from '../../core/collect/suspects.ts';
import type { Context } from '../context.ts';
import type { CollectedRound, CollectRounds, Suspects } from './api.ts';
import { collect } from './collect.ts';
import { COLLECTED_KINDS } from './kinds.ts';
import { Leadership } from './leadership.ts';
import { observe } from './observe.ts';
import { repair } from './repair.ts';

const ROLE = 'collector';
const LEASE_MS = 15_000;

export async function collectRounds(context: Context, options: CollectRounds): Promise<void> {
  const { clock, store, log } = context;
  const { signal, intervalMs, leaseMs = LEASE_MS } = options;
  const leadership = new Leadership({ store, clock, role: ROLE, holder: `${options.name} ${clock.uuid()}`, leaseMs });
  let suspects: Suspects = new Map();
  let leads: boolean | undefined;
  let dueMs = clock.monotonicMs();
  try {
    while (!signal.aborted) {
      const led = leads;
      leads = await campaign(context, leadership);
      if (leads !== led) options.onLead?.(leads);
      if (!leads) suspects = new Map();
      else if (clock.monotonicMs() >= dueMs) {
        suspects = await whileLeading(context, { leadership, signal, work: (leading) => round(context, options, suspects, leading) });
        dueMs = clock.monotonicMs() + intervalMs;
      }
      await clock.sleep(leadership.renewMs, signal).catch(() => {});
    }
  } finally {
    await leadership.resign().catch((error: unknown) => log.warn({ event: 'resign-failed', error: String(error) }));
  }
}

/** A store that does not answer makes nobody the leader. */
async function campaign({ log }: Context, leadership: Leadership): Promise<boolean> {
  try {
    return await leadership.campaign();
  } catch (error) {
    log.warn({ event: 'campaign-failed', error: String(error) });
    return leadership.isLeader;
  }
}

interface Leading<T> {
  readonly leadership: Leadership;
  readonly signal: AbortSignal;
  readonly work: (signal: AbortSignal) => Promise<T>;
}

/** Renews the lead while `work` runs; its signal aborts when the lead is lost. */
async function whileLeading<T>(context: Context, { leadership, signal, work }: Leading<T>): Promise<T> {
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = (async () => {
    while (!ended.signal.aborted) {
      await context.clock.sleep(leadership.renewMs, ended.signal).catch(() => {});
      if (!ended.signal.aborted && !(await campaign(context, leadership))) lost.abort();
    }
  })();
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    ended.abort();
    await renewing;
  }
}

/** One look, and the collection of what it confirms; gives the suspects for the next. A failure is told, and the next round tries again. */
async function round(context: Context, options: CollectRounds, before: Suspects, signal: AbortSignal): Promise<Suspects> {
  try {
    const observation = await observe(context, { takeInventory: () => options.takeInventory(signal), signal });
    const result = await collect(context, { ...options.rules, observation, suspects: before, signal });
    const findings = observation.report.findings.filter(({ kind }) => COLLECTED_KINDS.includes(kind));
    const repaired = result.kind !== 'collected' ? [] : await repair(context, { report: { ...observation.report, findings }, signal });
    options.onRound({ kind: 'done', observation, result, repaired } satisfies CollectedRound);
    return suspectsAfter(before, observation.candidates, observation);
  } catch (error) {
    options.onRound({ kind: 'failed', error });
    return before;
  }
}
