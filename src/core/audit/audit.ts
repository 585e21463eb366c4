/**
 * One pass over every record of a store, at one revision: settings first, then blocks, then handles and affinities. What it
 * keeps of a record is small, so the memory it needs grows with the number of addresses and not with the bytes stored.
 */
import { assert } from '../assert.ts';
import type { Cooldown } from '../block.ts';
import { sanitisedHandle } from '../block.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { isExpired } from '../plan/marks.ts';
import { type IpamConfig, MARK_LIFETIME_SECONDS, type RecordOf, type Ref, type RefOf } from '../records.ts';
import { faultsOfBlock } from './block-faults.ts';
import { type BlockSummary, summaryOf } from './block-summary.ts';
import { type Finding, finding, type Seen } from './finding.ts';
import { HandleCensus } from './handle-census.ts';
import { missingNodes, ownershipFindings, type SeenAffinity } from './ownership.ts';
import { placementFindings } from './placement.ts';
import { configFindings, poolFindings, reservationFindings, type SeenPool } from './settings-faults.ts';

/** A stored value as it was read. */
export type Read =
  | { readonly kind: 'ok'; readonly record: RecordOf[Ref['kind']] }
  | { readonly kind: 'corrupt'; readonly reason: string; readonly isNewer?: true };

/** How much there was. */
export interface AuditCounts {
  readonly pools: number;
  readonly nodes: number;
  readonly blocks: number;
  /** Held, cooling ones not counted. */
  readonly addresses: number;
  readonly handles: number;
  readonly affinities: number;
  readonly marks: number;
}

export class Audit {
  readonly #nowNs: bigint;
  readonly #findings: Finding[] = [];
  readonly #pools: SeenPool[] = [];
  readonly #nodes = new Set<string>();
  readonly #blocks = new Map<string, BlockSummary | undefined>();
  readonly #affinities: SeenAffinity[] = [];
  readonly #markers: { readonly host: string; readonly seen: Seen }[] = [];
  readonly #handles = new HandleCensus();
  readonly #unreadableHandles = new Set<string>();
  readonly #expired = new Map<string, number>();
  readonly #counts = { pools: 0, nodes: 0, blocks: 0, addresses: 0, handles: 0, affinities: 0, marks: 0 };
  #config: IpamConfig | undefined = DEFAULT_CONFIG;
  #arePoolsKnown = true;

  constructor(nowNs: bigint) {
    this.#nowNs = nowNs;
  }

  get counts(): AuditCounts {
    return this.#counts;
  }

  /** A key that none of our records has. */
  unknown(seen: Seen, isOurs: boolean): void {
    this.#findings.push(
      isOurs
        ? finding('newer-format', `Key ${seen.key} is plat's own, but not of a kind that this version knows.`, [seen], {})
        : finding('unknown-key', `Key ${seen.key} lies among the records, but names none.`, [seen], {}),
    );
  }

  add(ref: Ref, read: Read, seen: Seen): void {
    if (read.kind === 'corrupt') this.#addCorrupt(ref, read, seen);
    else this.#addRecord(ref, read.record, seen);
  }

  #addCorrupt(ref: Ref, { reason, isNewer }: Extract<Read, { kind: 'corrupt' }>, seen: Seen): void {
    const kind = isNewer ? 'newer-format' : 'corrupt-value';
    this.#findings.push(
      finding(kind, `The value of ${seen.key} cannot be read: ${reason}.`, [seen], ref.kind === 'block' ? { block: ref.cidr.text } : {}),
    );
    if (ref.kind === 'block') {
      this.#counts.blocks++;
      this.#blocks.set(ref.cidr.text, undefined);
      this.#handles.skip(ref.cidr.text);
    }
    if (ref.kind === 'affinity') this.#affinities.push({ ref, state: undefined, seen });
    if (ref.kind === 'handle') this.#unreadableHandles.add(sanitisedHandle(ref.id));
    if (ref.kind === 'pool') this.#arePoolsKnown = false;
    if (ref.kind === 'config') this.#config = undefined;
    if (ref.kind === 'node') this.#nodes.add(ref.name);
  }

  #addRecord(ref: Ref, record: RecordOf[Ref['kind']], seen: Seen): void {
    switch (ref.kind) {
      case 'config':
        this.#config = record as IpamConfig;
        this.#findings.push(...configFindings(record as IpamConfig, seen));
        return;
      case 'pool':
        this.#counts.pools++;
        this.#pools.push({ pool: record as RecordOf['pool'], seen });
        return;
      case 'reservation':
        this.#findings.push(...reservationFindings(record as RecordOf['reservation'], seen));
        return;
      case 'node':
        this.#counts.nodes++;
        this.#nodes.add(ref.name);
        return;
      case 'hostMarker':
        this.#markers.push({ host: ref.host, seen });
        return;
      case 'block':
        return this.#addBlock(record as RecordOf['block'], seen);
      case 'affinity':
        this.#counts.affinities++;
        this.#affinities.push({ ref, state: (record as RecordOf['affinity']).state, seen });
        return;
      case 'handle':
        this.#counts.handles++;
        this.#findings.push(...this.#handles.judge(ref, record as RecordOf['handle'], seen));
        return;
      case 'mark':
        return this.#addMark(ref, record as RecordOf['mark']);
    }
  }

  #addBlock(block: RecordOf['block'], seen: Seen): void {
    assert(this.#counts.handles === 0, 'an audit sees all blocks before the first handle');
    const summary = summaryOf(block, seen);
    this.#counts.blocks++;
    this.#counts.addresses += summary.held.length;
    this.#blocks.set(block.cidr.text, summary);
    this.#handles.count(block);
    for (const { kind, what } of faultsOfBlock(block, this.#nowNs, this.#cooldown())) {
      this.#findings.push(finding(kind, `Block ${block.cidr.text} ${what}.`, [seen], { block: block.cidr.text }));
    }
  }

  #cooldown(): Cooldown | undefined {
    return this.#config && { nowNs: this.#nowNs, seconds: this.#config.ipCooldownSeconds };
  }

  #addMark({ mark }: RefOf<'mark'>, { at }: RecordOf['mark']): void {
    this.#counts.marks++;
    if (isExpired(at, this.#nowNs)) this.#expired.set(mark, (this.#expired.get(mark) ?? 0) + 1);
  }

  /** After everything was added: all that was found, what belongs to one kind of record together. */
  finish(): Finding[] {
    const readable = [...this.#blocks.values()].filter((block) => block !== undefined);
    return [
      ...poolFindings(this.#pools),
      ...this.#findings,
      ...placementFindings({
        blocks: readable,
        pools: this.#pools.map(({ pool }) => pool),
        arePoolsKnown: this.#arePoolsKnown,
        config: this.#config,
      }),
      ...ownershipFindings({ blocks: this.#blocks, affinities: this.#affinities }),
      ...missingNodes(readable, this.#nodes),
      ...this.#markers
        .filter(({ host }) => !this.#nodes.has(host))
        .map(({ host, seen }) =>
          finding('host-marker', `An old marker is left of node ${host}, which has no record.`, [seen], { name: host }),
        ),
      ...this.#handles.missing(this.#unreadableHandles),
      ...[...this.#expired].map(([name, count]) =>
        finding('marks-expired', `${count} ${name} mark(s) are older than ${MARK_LIFETIME_SECONDS / 60} minutes.`, [], { name }),
      ),
    ];
  }
}
