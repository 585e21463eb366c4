/** What a check keeps of each block while it reads them: counts, and lines only where they will be shown. */
import type { Attribute } from '../../core/records.ts';
import type { BlockView } from '../../ipam/api.ts';
import type { LeakedAddress, Verdict } from '../../ipam/upkeep/api.ts';
import { asInUse, type ReportedAllocation, type Reporting, reportedAllocation } from './report.ts';
import type { Users } from './users.ts';

export interface TallyOptions {
  readonly users: Users;
  readonly showAllIps: boolean;
  readonly showProblemIps: boolean;
  /** Whether a report file is wanted. */
  readonly reports: boolean;
}

/** Nobody seems to be behind it; whether its handle lets it go is known in the end only (GC-04). */
interface Suspect {
  readonly ip: string;
  readonly block: string;
  /** Undefined: no report is wanted. */
  readonly entry: ReportedAllocation | undefined;
  readonly line: string | undefined;
}

export class Tally {
  readonly #options: TallyOptions;
  readonly #suspects: Suspect[] = [];
  readonly blockLines: string[] = [];
  readonly leakedLines: string[] = [];
  /** Addresses held or cooling. */
  allocations = 0;
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
      const isSuspect = verdicts.get(ordinal)?.kind === 'leaked';
      if (this.#options.showAllIps) this.blockLines.push(`  ${ip} allocated; attrs ${attrsText(attribute)}`);
      const node = attribute?.secondary?.['node'];
      if (node !== undefined) this.byNode.set(node, (this.byNode.get(node) ?? 0) + 1);
      const entry = this.#options.reports
        ? this.#report({ ip, attribute, sequenceNumber, affinity: block.affinity, isInUse: !isSuspect })
        : undefined;
      if (!isSuspect) continue;
      const line = this.#options.showProblemIps ? `  ${ip} leaked; attrs ${attrsText(attribute)}` : undefined;
      this.#suspects.push({ ip, block: block.cidr, entry, line });
    }
  }

  #report(reporting: Omit<Reporting, 'owners'>): ReportedAllocation {
    const { ip } = reporting;
    const entry = reportedAllocation({ ...reporting, owners: this.#options.users.byIp.get(ip) ?? null });
    const before = this.reported.get(ip);
    this.reported.set(ip, before === undefined ? entry : `${before},${entry}`);
    return entry;
  }

  /** After the last block: what is none of `leaked`, which is in the order of the blocks, is reported as in use. */
  finish(leaked: readonly LeakedAddress[]): void {
    let next = 0;
    for (const { ip, block, entry, line } of this.#suspects) {
      if (leaked[next]?.ip === ip && leaked[next]?.block === block) {
        next++;
        if (line !== undefined) this.leakedLines.push(line);
      } else if (entry !== undefined) {
        this.reported.set(ip, this.reported.get(ip)?.replace(entry, () => asInUse(entry)) ?? asInUse(entry));
      }
    }
    // Many, when a wrong list calls everybody leaked, and not needed again.
    this.#suspects.length = 0;
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
