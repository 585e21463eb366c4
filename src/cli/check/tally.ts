/** What a check keeps of each block while it reads them: counts, and lines only where they will be shown. */
import type { Attribute } from '../../core/records.ts';
import type { BlockView } from '../../ipam/api.ts';
import type { Verdict } from '../../ipam/upkeep/api.ts';
import { type ReportedAllocation, reportedAllocation } from './report.ts';
import type { Users } from './users.ts';

export interface TallyOptions {
  readonly users: Users;
  readonly showAllIps: boolean;
  readonly showProblemIps: boolean;
  /** Whether a report file is wanted. */
  readonly reports: boolean;
}

export class Tally {
  readonly #options: TallyOptions;
  readonly blockLines: string[] = [];
  readonly leakedLines: string[] = [];
  /** Addresses held or cooling. */
  allocations = 0;
  leaked = 0;
  readonly byNode = new Map<string, number>();
  /** By address; of several holders all, with commas between them. */
  readonly reported = new Map<string, ReportedAllocation>();
  /** Users whose address no block has. */
  readonly #unallocated: Set<string>;

  constructor(options: TallyOptions) {
    this.#options = options;
    this.#unallocated = new Set(options.users.byIp.keys());
  }

  get unallocated(): ReadonlySet<string> {
    return this.#unallocated;
  }

  addBlock(block: BlockView, verdicts: ReadonlyMap<number, Verdict>): void {
    this.blockLines.push(` IPAM block ${block.cidr} affinity=${block.affinity ?? '<none>'}:`);
    for (const { ordinal, ip, attribute, sequenceNumber } of block.held) {
      this.allocations++;
      this.#unallocated.delete(ip);
      const isLeaked = verdicts.get(ordinal)?.kind === 'leaked';
      if (isLeaked) this.leaked++;
      if (this.#options.showAllIps) this.blockLines.push(`  ${ip} allocated; attrs ${attrsText(attribute)}`);
      if (isLeaked && this.#options.showProblemIps) this.leakedLines.push(`  ${ip} leaked; attrs ${attrsText(attribute)}`);
      const node = attribute?.secondary?.['node'];
      if (node !== undefined) this.byNode.set(node, (this.byNode.get(node) ?? 0) + 1);
      if (!this.#options.reports) continue;
      const owners = this.#options.users.byIp.get(ip) ?? null;
      const entry = reportedAllocation({ ip, attribute, sequenceNumber, affinity: block.affinity, owners, isInUse: !isLeaked });
      const before = this.reported.get(ip);
      this.reported.set(ip, before === undefined ? entry : `${before},${entry}`);
    }
  }
}

/** `Main:h1 Extra:node=a,pod=p`, sorted, as calicoctl prints it. */
function attrsText(attribute: Attribute | undefined): string {
  if (!attribute) return '<missing>';
  const { handleId, secondary, alternate } = attribute;
  const alternates = alternate && Object.keys(alternate).length > 0 ? ` Alternate:${pairsText(alternate)}` : '';
  return `Main:${handleId ?? '<none>'} Extra:${pairsText(secondary ?? {})}${alternates}`;
}

function pairsText(attrs: Readonly<Record<string, string>>): string {
  return Object.keys(attrs)
    .toSorted()
    .map((name) => `${name}=${attrs[name]}`)
    .join(',');
}
