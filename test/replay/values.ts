/** Stored values of both runs made comparable, byte for byte but for what depends on the run (fixtures README). */
import type { Ref } from '../../src/core/records.ts';
import { parseKey } from '../../src/store/keys.ts';
import { type JsonNode, member, parseNode, type Replacement, replaced, type ScalarNode } from './json.ts';
import { type Numbering, numberNodes, numberOf } from './numbering.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

type Run = 'calico' | 'ours';

/** Compares values of one key; knows the numbers and unique ids of both runs. */
export class Values {
  readonly #numbering: Numbering;
  readonly #uids: Record<Run, Map<string, string>> = { calico: new Map(), ours: new Map() };

  constructor(numbering: Numbering) {
    this.#numbering = numbering;
  }

  /** The two values with placeholders; equal texts mean equal values. */
  comparable(key: string, calico: string | undefined, ours: string | undefined): { calico: string | undefined; ours: string | undefined } {
    const nodes = { calico: parsed(calico), ours: parsed(ours) };
    const ref = parseKey(key);
    if (ref?.kind === 'block')
      return { calico: this.#block(key, 'calico', calico, nodes.calico), ours: this.#block(key, 'ours', ours, nodes.ours) };
    if (!isResource(ref)) return { calico, ours };
    const isSame = this.#pairUids(textOf(uidNode(nodes.calico)), textOf(uidNode(nodes.ours)));
    return { calico: resource(calico, nodes.calico, isSame), ours: resource(ours, nodes.ours, isSame) };
  }

  #block(key: string, run: Run, value: string | undefined, node: JsonNode | undefined): string | undefined {
    if (value === undefined || node === undefined) return value;
    const life = this.#numbering[run].life(key);
    const numbers = numberNodes(node).map(({ start, end, ...scalar }) => {
      const number = numberOf({ start, end, ...scalar }) ?? 0n;
      return { start, end, by: `<block ${life?.ordinal}, number ${number - (life?.base ?? 0n)}>` };
    });
    const attributes = member(node, 'attributes');
    const cooling = attributes?.kind === 'list' ? attributes.items.map((attribute) => member(attribute, 'releasedAt')) : [];
    const times = [member(node, 'affinity_claim_time'), ...cooling].flatMap(timePlaceholder);
    return replaced(value, [...numbers, ...times]);
  }

  /** Whether an id of Calico's and one of ours may stand for each other: one to one, in the whole history. */
  #pairUids(calico: string | undefined, ours: string | undefined): boolean {
    if (!calico || !ours) return false;
    const { calico: byCalico, ours: byOurs } = this.#uids;
    if (!byCalico.has(calico) && !byOurs.has(ours)) {
      byCalico.set(calico, ours);
      byOurs.set(ours, calico);
    }
    return byCalico.get(calico) === ours && byOurs.get(ours) === calico;
  }
}

function parsed(value: string | undefined): JsonNode | undefined {
  return value === undefined ? undefined : parseNode(value);
}

function isResource(ref: Ref | undefined): boolean {
  return ref?.kind === 'pool' || ref?.kind === 'reservation' || ref?.kind === 'node';
}

function uidNode(resourceNode: JsonNode | undefined): JsonNode | undefined {
  return member(member(resourceNode, 'metadata'), 'uid');
}

function resource(value: string | undefined, node: JsonNode | undefined, isSameUid: boolean): string | undefined {
  if (value === undefined || node === undefined) return value;
  const uid = uidNode(node);
  return replaced(value, [
    ...timePlaceholder(member(member(node, 'metadata'), 'creationTimestamp')),
    ...(isSameUid && uid ? [{ start: uid.start, end: uid.end, by: '<uid>' }] : []),
  ]);
}

/** Only a whole-second UTC time is one; anything else is compared as it is. */
function timePlaceholder(node: JsonNode | undefined): Replacement[] {
  const text = textOf(node);
  return node !== undefined && text !== undefined && TIME.test(text) ? [{ start: node.start, end: node.end, by: '<time>' }] : [];
}

function textOf(node: JsonNode | undefined): string | undefined {
  const value = (node as ScalarNode | undefined)?.value;
  return typeof value === 'string' ? value : undefined;
}
