/**
 * Pools, reservations and nodes out of Calico's v3 resources (data model §7). The stored object is kept whole, so that a
 * rewrite changes only what was asked for.
 *
 * The name is that of the key: a hand-written value may have none, or another.
 */
import { ADDRESS_BITS, type Cidr, cidrOf, parseCidrMasked, parseIp } from '../core/addr.ts';
import type { JsonObject } from '../core/json.ts';
import { ALLOWED_USES, BLOCK_SIZES, withDefaults } from '../core/pool-spec.ts';
import type { AllowedUse, Node, Pool, Reservation } from '../core/records.ts';
import { Members, memberNames, type Problems } from './members.ts';

const RESOURCE = memberNames('metadata', 'spec', 'status');
const METADATA = memberNames('labels', 'deletionTimestamp');
const POOL_SPEC = memberNames('cidr', 'disabled', 'blockSize', 'nodeSelector', 'namespaceSelector', 'allowedUses', 'assignmentMode');
const POOL_STATUS = memberNames('conditions');
const CONDITION = memberNames('type', 'status');
const RESERVATION_SPEC = memberNames('reservedCIDRs');

/** The pool with the defaults of data model §7.1. Of its uses, those that are none of ours allow nothing. */
export function poolOf(value: JsonObject, name: string, problems: Problems): Pool {
  const members = new Members(value, RESOURCE, problems);
  const stored = members.nested('spec', POOL_SPEC);
  const cidrText = stored.text('cidr') ?? '';
  const cidr = parseCidrMasked(cidrText);
  const uses = stored.texts('allowedUses');
  const spec = withDefaults({
    cidr: cidrText,
    blockSize: stored.integer('blockSize') ?? 0,
    nodeSelector: stored.text('nodeSelector') ?? '',
    namespaceSelector: stored.text('namespaceSelector') ?? '',
    allowedUses: uses.filter(isUse),
  });
  const sizes = BLOCK_SIZES[cidr?.version ?? 4];
  if (cidr && (spec.blockSize < sizes.min || spec.blockSize > sizes.max))
    stored.wrong('blockSize', `between ${sizes.min} and ${sizes.max}`);
  const isDeleting = members.nested('metadata', METADATA).value('deletionTimestamp') !== undefined;
  return {
    name,
    cidr,
    cidrText,
    blockSize: spec.blockSize,
    disabled: stored.flag('disabled') || isDeleting || isUnallocatable(members, problems),
    nodeSelector: spec.nodeSelector,
    namespaceSelector: spec.namespaceSelector,
    allowedUses: uses.length === 0 ? spec.allowedUses : uses.filter(isUse),
    assignmentMode: (stored.text('assignmentMode') || 'Automatic') === 'Automatic' ? 'Automatic' : 'Manual',
    object: value,
  };
}

function isUnallocatable(members: Members, problems: Problems): boolean {
  const conditions = members.nested('status', POOL_STATUS).list('conditions') ?? [];
  return conditions.some((value, index) => {
    const condition = new Members(value, CONDITION, problems, `status.conditions[${index}].`);
    return condition.text('type') === 'Allocatable' && condition.text('status') === 'False';
  });
}

function isUse(text: string): text is AllowedUse {
  return (ALLOWED_USES as readonly string[]).includes(text);
}

/** Reserved networks, read leniently (BM-11). */
export function reservationOf(value: JsonObject, name: string, problems: Problems): Reservation {
  const spec = new Members(value, RESOURCE, problems).nested('spec', RESERVATION_SPEC);
  const cidrs = spec.texts('reservedCIDRs').map((text) => networkOf(text.trim()));
  return { name, cidrs: cidrs.filter((cidr) => cidr !== undefined), object: value };
}

function networkOf(text: string): Cidr | undefined {
  const ip = parseIp(text);
  return ip ? cidrOf(ip, ADDRESS_BITS[ip.version]) : parseCidrMasked(text);
}

/** A node and its labels; `{}` is a node (data model §7.3). */
export function nodeOf(value: JsonObject, name: string, problems: Problems): Node {
  const metadata = new Members(value, RESOURCE, problems).nested('metadata', METADATA);
  return { name, labels: metadata.textMap('labels') ?? {}, object: value };
}
