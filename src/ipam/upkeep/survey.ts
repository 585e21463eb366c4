/** Everything that one node has in the store. */
import { ipOfOrdinal } from '../../core/addr.ts';
import { attributeAt, isEmpty, isKeptByHost, ordinalsInUse, ownerOf, sanitisedHandle, sequenceNumberAt } from '../../core/block.ts';
import type { Attribute, Block, RefOf } from '../../core/records.ts';
import type { CallOptions } from '../api.ts';
import { hostArgument } from '../arguments.ts';
import type { Context } from '../context.ts';
import type { NodeSurvey, OtherAddress, SurveyedAddress, SurveyedBlock } from './api.ts';
import { auditBeside } from './audit.ts';
import type { Scanned } from './scan.ts';

export function surveyNode(context: Context, options: { readonly host: string } & CallOptions): Promise<NodeSurvey> {
  const { host: given, ...call } = options;
  const host = hostArgument(given);
  return auditBeside(context, call, () => {
    const pass = new Survey(host);
    return { record: (scanned) => pass.add(scanned), end: ({ revision }) => pass.finish(revision) };
  });
}

type Unreadable = { readonly ref: RefOf<'node' | 'block' | 'affinity' | 'handle'>; readonly key: string; readonly reason: string };

class Survey {
  readonly #host: string;
  readonly #blocks: SurveyedBlock[] = [];
  readonly #affinities: string[] = [];
  readonly #addresses: SurveyedAddress[] = [];
  readonly #others: OtherAddress[] = [];
  readonly #unreadable: Unreadable[] = [];
  #recordRevision: bigint | undefined;

  constructor(host: string) {
    this.#host = host;
  }

  add({ key, revision, named }: Scanned): void {
    if (!named) return;
    const { ref, decoded } = named;
    if (ref.kind !== 'node' && ref.kind !== 'block' && ref.kind !== 'affinity' && ref.kind !== 'handle') return;
    if (ref.kind === 'node' && ref.name === this.#host) this.#recordRevision = revision;
    if (ref.kind === 'affinity' && this.#isOwnAffinity(ref)) this.#affinities.push(ref.cidr.text);
    if (decoded.kind === 'corrupt') this.#unreadable.push({ ref, key, reason: decoded.reason });
    else if (ref.kind === 'block') this.#addBlock(decoded.record as Block);
  }

  #isOwnAffinity({ owner }: RefOf<'affinity'>): boolean {
    return owner.type === 'host' && owner.name === this.#host;
  }

  #addBlock(block: Block): void {
    const owner = ownerOf(block);
    const isOwn = owner?.type === 'host' && owner.name === this.#host;
    if (isOwn) {
      const inUse = ordinalsInUse(block).length;
      this.#blocks.push({ block: block.cidr.text, isEmpty: isEmpty(block), inUse, sequenceNumber: block.sequenceNumber });
    }
    for (const ordinal of ordinalsInUse(block)) {
      const attribute = attributeAt(block, ordinal);
      if (attribute?.releasedAt !== undefined || isKeptByHost(attribute)) continue;
      const heldBy = holderOf(attribute, this.#host, isOwn);
      if (heldBy === 'others') continue;
      const ip = ipOfOrdinal(block.cidr, ordinal).text;
      const sequenceNumber = sequenceNumberAt(block, ordinal);
      const address = { ip, block: block.cidr.text, handle: attribute?.handleId, sequenceNumber, borrowed: !isOwn };
      if (heldBy === 'node') this.#addresses.push(address);
      else this.#others.push({ ...address, ...heldBy });
    }
  }

  finish(revision: bigint): NodeSurvey {
    const affinities = new Set(this.#affinities);
    const handles = new Set(this.#addresses.flatMap(({ handle }) => (handle === undefined ? [] : [sanitisedHandle(handle)])));
    const isOwn = (ref: Unreadable['ref']): boolean => {
      if (ref.kind === 'node') return ref.name === this.#host;
      if (ref.kind === 'affinity') return this.#isOwnAffinity(ref);
      return ref.kind === 'handle' ? handles.has(ref.id) : affinities.has(ref.cidr.text);
    };
    return {
      host: this.#host,
      revision,
      hasRecord: this.#recordRevision !== undefined,
      recordRevision: this.#recordRevision,
      blocks: this.#blocks,
      affinities: this.#affinities,
      addresses: this.#addresses,
      others: this.#others,
      unreadable: this.#unreadable
        // Another node's record, affinity or handle says nothing about this one; a block may hold its addresses.
        .filter(({ ref }) => ref.kind === 'block' || isOwn(ref))
        .map(({ ref, key, reason }) => ({ key, reason, isOwn: isOwn(ref) })),
    };
  }
}

/**
 * Whose an address is. One that names no node counts as the owner's of its block; of one with two owners (AT) the other one may
 * live. `others`: neither the node's, nor in a block of its own.
 */
function holderOf(attribute: Attribute | undefined, host: string, isOwnBlock: boolean): 'node' | 'others' | { readonly heldBy: string } {
  const node = attribute?.secondary?.['node'];
  const second = attribute?.alternate?.['node'];
  const isOfHost = node === undefined ? isOwnBlock : node === host;
  if (isOfHost && (second === undefined || second === host)) return 'node';
  if (!isOfHost && !isOwnBlock && second !== host) return 'others';
  const nodes = [...new Set([isOfHost ? host : node, second])].filter((name) => name !== undefined);
  return { heldBy: nodes.length === 1 ? `node ${nodes[0]}` : `nodes ${nodes.join(' and ')}` };
}
