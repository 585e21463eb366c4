/** Kind 3. What Calico had written before it refused: affinities, and blocks in which nobody holds an address. */
import { addressCount, type Cidr } from '../../src/core/addr.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Owner } from '../../src/core/records.ts';
import { keyOf, parseKey } from '../../src/store/keys.ts';
import { affinityOf } from './blocks.ts';
import type { Step } from './history.ts';
import type { Snapshot } from './keyspace.ts';

const CONFIRMED = '{"state":"confirmed","deleted":false}';
const PENDING = '{"state":"pending","deleted":false}';

/** True when `value` (with placeholders, as `Values` gives it) is what a claim for the step's host leaves at `key`. */
export function isLeftBehind(key: string, value: string | undefined, step: Step, before: Snapshot, after: Snapshot): boolean {
  const ref = parseKey(key);
  if (value === undefined) return false;
  if (ref?.kind === 'block')
    return !before.has(key) && owners(step).some((owner) => emptyBlocks(ref.cidr, owner, step).includes(unnumbered(value)));
  if (ref?.kind !== 'affinity' || !owners(step).some((owner) => owner.type === ref.owner.type && owner.name === ref.owner.name))
    return false;
  const isOwn = affinityOf(after.get(keyOf({ kind: 'block', cidr: ref.cidr }))) === affinityText(ref.owner);
  return value === (isOwn ? CONFIRMED : PENDING);
}

function owners(step: Step): Owner[] {
  const name = step.args.get('host');
  return typeof name === 'string'
    ? [
        { type: 'host', name },
        { type: 'virtual', name },
      ]
    : [];
}

function affinityText(owner: Owner): string {
  return `${owner.type}:${owner.name}`;
}

function unnumbered(value: string): string {
  return value.replace(/<block \d+, number 0>/, '<number>');
}

/** A new block as Calico writes it: without a holder, or with the ends that the host keeps for itself (EB-04). */
function emptyBlocks(cidr: Cidr, owner: Owner, step: Step): string[] {
  const reserved = step.args.get(cidr.version === 4 ? 'hostReserved4' : 'hostReserved6');
  const size = Number(addressCount(cidr));
  const text = (kept: (ordinal: number) => boolean, attributes: string) => {
    const ordinals = Array.from({ length: size }, (_, ordinal) => ordinal);
    const allocations = ordinals.map((ordinal) => (kept(ordinal) ? '0' : 'null'));
    return (
      `{"cidr":"${cidr.text}","affinity":"${affinityText(owner)}","affinity_claim_time":<time>,"allocations":[${allocations}],` +
      `"unallocated":[${ordinals.filter((ordinal) => !kept(ordinal))}],"attributes":${attributes},"sequenceNumber":<number>,` +
      '"sequenceNumberForAllocation":{},"deleted":false}'
    );
  };
  if (!(reserved instanceof Map)) return [text(() => false, 'null')];
  const [start, end] = [count(reserved as JsonObject, 'startOfBlock'), count(reserved as JsonObject, 'endOfBlock')];
  const attribute = { handle_id: (reserved as JsonObject).get('handle'), secondary: { note: (reserved as JsonObject).get('note') } };
  return [text((ordinal) => ordinal < start || ordinal >= size - end, JSON.stringify([attribute]))];
}

function count(spec: JsonObject, name: string): number {
  const value: Json | undefined = spec.get(name);
  return typeof value === 'number' ? value : 0;
}
