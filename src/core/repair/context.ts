/** What the repairs of one commit share. */
import { type Cooldown, updated } from '../block.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Draft } from '../draft.ts';
import type { PlanEnv } from '../plan/plan.ts';
import { blockRef, CONFIG } from '../plan/refs.ts';
import type { Block } from '../records.ts';

/**
 * What became of one finding. `changed`: it is not as it was found, nothing was done. `refused`: it is still there, and
 * `reason` says why it is left alone and what to do.
 */
export type RepairOutcome =
  | { readonly kind: 'repaired'; readonly did: string }
  | { readonly kind: 'changed'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export function repaired(did: string): RepairOutcome {
  return { kind: 'repaired', did };
}

export function changed(reason: string): RepairOutcome {
  return { kind: 'changed', reason };
}

export function leftAlone(reason: string): RepairOutcome {
  return { kind: 'refused', reason };
}

export class RepairContext {
  readonly draft: Draft;
  readonly env: PlanEnv;
  readonly #written = new Set<string>();

  constructor(draft: Draft, env: PlanEnv) {
    this.draft = draft;
    this.env = env;
  }

  /** Undefined when the configuration cannot be read. */
  cooldown(): Cooldown | undefined {
    const found = this.draft.find(CONFIG);
    if (found.kind === 'corrupt') return undefined;
    const { ipCooldownSeconds } = found.kind === 'present' ? found.record : DEFAULT_CONFIG;
    return { nowNs: this.env.nowNs, seconds: ipCooldownSeconds };
  }

  /** A block's number grows by one per commit, however many repairs change it. */
  write(block: Block): void {
    const isFirst = !this.#written.has(block.cidr.text);
    this.#written.add(block.cidr.text);
    this.draft.put(blockRef(block.cidr), isFirst ? updated(block) : block);
  }
}
