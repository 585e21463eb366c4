/** What an audit may find: a closed list of kinds, each with what it means for users and what a repair does about it. */
import type { Owner } from '../records.ts';

/** `error`: an invariant is broken, addresses may be lost or given twice. `warning`: something is wasted or wrongly set. `info`: it mends itself. */
export type Severity = 'error' | 'warning' | 'info';

/** `always`: a repair mends it. `sometimes`: it depends on what is stored. `never`: a person has to decide. */
export type Mendable = 'always' | 'sometimes' | 'never';

interface KindFacts {
  readonly severity: Severity;
  readonly mendable: Mendable;
  /** What it means for a user. */
  readonly means: string;
  /** What a repair does, or why it refuses and what to do instead. */
  readonly repair: string;
}

function facts(severity: Severity, mendable: Mendable, means: string, repair: string): KindFacts {
  return { severity, mendable, means, repair };
}

/** Names are stable, for programs. Ids: behaviours and invariants. */
export const FINDING_KINDS = {
  'corrupt-value': facts(
    'error',
    'never',
    'What it recorded is not used, and its key blocks whatever needs it.',
    'refuses: a value that cannot be read is never overwritten (I10). Restore it from a backup, or delete the key if nothing needs it.',
  ),
  'newer-format': facts(
    'warning',
    'never',
    'A newer version wrote it; this one cannot judge it and leaves it alone.',
    'refuses: only the version that wrote it knows what it means. Use that version.',
  ),
  'unknown-key': facts(
    'warning',
    'never',
    'No program that follows the data model reads it, and it may hide the record it resembles.',
    'refuses: nobody knows who wrote it. Look at it, and delete it if nothing needs it.',
  ),
  // I2: one block.
  'ordinal-lost': facts(
    'error',
    'always',
    'The address is neither free nor held (I2): nobody can ever get it.',
    'puts it at the tail of the free queue.',
  ),
  'ordinal-repeated': facts(
    'error',
    'always',
    'The address is in the free queue more than once (I2): it could be given twice.',
    'keeps its first place in the queue.',
  ),
  'ordinal-held-and-free': facts(
    'error',
    'always',
    'The address is held and in the free queue (I2): it could be given to a second holder.',
    'takes it out of the free queue; its holder keeps it.',
  ),
  'attribute-missing': facts(
    'error',
    'never',
    'The address is held, but who holds it was lost; a release by handle does not find it.',
    'refuses: it may be in use. When nobody uses it: plat ipam release --ip ADDRESS',
  ),
  'attribute-unused': facts(
    'info',
    'always',
    'An owner is recorded that holds nothing.',
    'drops the entry, as the next write of the block would.',
  ),
  'number-unused': facts(
    'warning',
    'always',
    'A free address has the sequence number of an assignment that is gone: a guarded release of it is answered wrongly (BK-16).',
    'drops the number.',
  ),
  'cooling-over': facts(
    'info',
    'always',
    'The cooldown is over, but the address is free only after the next write of its block (CD-02).',
    'puts it at the tail of the free queue.',
  ),
  'time-in-future': facts(
    'warning',
    'never',
    'A clock is or was wrong: the address cools, or the block cannot be reclaimed, until that time has come (CD-11, RC-09).',
    'refuses: which clock is wrong is not known here. Compare the clocks of the nodes; the time passes by itself.',
  ),
  // I5: blocks and affinities.
  'owner-unreadable': facts(
    'error',
    'sometimes',
    'The block belongs to an owner that cannot exist: nobody assigns from it or gives it up (AF-19, AF-20).',
    'deletes the block when it is empty, else leaves it to nobody; addresses stay with their holders.',
  ),
  'block-without-affinity': facts(
    'warning',
    'always',
    'The block names an owner whose affinity key is missing (CR-05): releases of the owner and route programs do not see it.',
    'writes the affinity; drops an empty block whose node is gone.',
  ),
  'block-stranded': facts(
    'warning',
    'always',
    'The block is empty and belongs to nobody (RC-07, CD-08): its network stays taken for nothing.',
    'deletes the block.',
  ),
  'affinity-without-block': facts(
    'warning',
    'always',
    'The affinity has no block (CR-04, CR-10): its network is advertised for a node that holds nothing there.',
    'deletes the affinity.',
  ),
  'affinity-foreign': facts(
    'warning',
    'always',
    'The affinity is for a block that belongs to somebody else or to nobody (CR-03, CR-11): a route may lead to the wrong node.',
    'deletes the affinity.',
  ),
  'affinity-pending': facts(
    'warning',
    'always',
    'A claim was interrupted (CR-01, CR-02).',
    'confirms it when the block is there and agrees, else deletes the affinity.',
  ),
  'affinity-leaving': facts(
    'warning',
    'always',
    'Giving up the block was interrupted (CR-09, CR-10); it is still advertised.',
    'finishes it when the block is empty or its node is gone; else confirms the affinity, so that the addresses in it stay reachable.',
  ),
  'node-missing': facts(
    'warning',
    'never',
    'Blocks belong to a node that has no record: nobody can assign from them, and routes lead nowhere if it is gone.',
    'refuses: a missing record does not prove that a node is dead. If it is: plat node remove NAME, or plat ipam gc with evidence.',
  ),
  'host-marker': facts('info', 'always', 'A marker of the earliest versions is left of a node that is gone.', 'deletes the marker.'),
  // Where blocks lie.
  'block-outside-pools': facts(
    'warning',
    'sometimes',
    'No pool has this block (AA-17): nothing new is assigned from it.',
    'deletes the block and its affinity when it is empty; refuses while addresses in it are held.',
  ),
  'block-size-differs': facts(
    'error',
    'sometimes',
    "The block has another size than its pool's (AA-30): releases by address do not find what it holds (RI-19), and the pool's own blocks cannot be made here.",
    'deletes the block and its affinity when it is empty; refuses while addresses in it are held (release them by handle).',
  ),
  'blocks-overlap': facts(
    'error',
    'sometimes',
    'Two blocks have addresses in common (I1, AA-30): one address may be given twice.',
    'deletes the one that is empty; refuses when both hold addresses.',
  ),
  'address-two-owners': facts(
    'error',
    'never',
    'One address is held in two blocks (I1): packets reach only one of the holders.',
    'refuses: the store does not tell which holder is alive. Stop one, and release it by its handle: plat ipam release --handle HANDLE',
  ),
  'borrowed-under-strict': facts(
    'info',
    'never',
    'Affinity is strict, but addresses of the block are held by other nodes; they were given before, or by hand (AI-09).',
    'refuses: they are in use. They go back to the owner of the block when they are released.',
  ),
  // I3: handles.
  'handle-leaked': facts(
    'warning',
    'always',
    'The handle holds no address (I3, CR-06, CR-08): it stays for good, and a limit per handle may count it.',
    'deletes the handle.',
  ),
  'handle-count-high': facts(
    'warning',
    'always',
    'The handle counts more addresses than it holds (I3, HD-03): it would outlive its last address.',
    'stores what the blocks hold.',
  ),
  'handle-count-low': facts(
    'error',
    'always',
    'The handle counts fewer addresses than it holds (I3, HD-02): a release by handle could leave some behind.',
    'stores what the blocks hold.',
  ),
  'handle-missing': facts(
    'error',
    'always',
    'Addresses are held under a handle that has no record (I3, CR-14): a release by handle, which is what a container runtime asks for, finds nothing.',
    'writes the handle as the blocks hold it.',
  ),
  // Settings.
  'pools-overlap': facts(
    'error',
    'never',
    'Two pools share addresses: which block size and which rules hold there depends on the order of their names.',
    'refuses: nobody but you knows which pool is right. Disable one, release what it holds, delete it.',
  ),
  'pool-unusable': facts(
    'error',
    'never',
    'Nothing can be assigned from the pool as it is set.',
    'refuses: what was meant is not known here. Correct the pool: plat get ippool NAME -o yaml',
  ),
  'reservation-ignored': facts(
    'warning',
    'never',
    'An entry of the reservation is no network and is passed over (BM-11): what it should keep is assigned.',
    'refuses: what was meant is not known here. Correct the reservation.',
  ),
  'config-contradictory': facts(
    'warning',
    'never',
    'The settings contradict each other; they are honoured as they are (CF-08).',
    'refuses: what was meant is not known here. Set them: plat ipam configure',
  ),
  'marks-expired': facts(
    'info',
    'always',
    'Short-lived notes of plat have outlived their purpose; later releases take a few of them away each.',
    'deletes them.',
  ),
} as const satisfies Record<string, KindFacts>;

export type FindingKind = keyof typeof FINDING_KINDS;

/** A record that a finding is about, as the audit saw it. */
export interface Seen {
  readonly key: string;
  /** Revision of its last write. */
  readonly revision: bigint;
}

/** What a repair has to look at again. Networks are canonical text. */
export interface Subject {
  readonly block?: string;
  /** The other one of two overlapping blocks. */
  readonly other?: string;
  readonly owner?: Owner;
  /** Id of the handle's record, as stored. */
  readonly handle?: string;
  /** Blocks that the handle's record names, or that hold addresses for it. */
  readonly blocks?: readonly string[];
  /** Pool, reservation, node, or kind of mark. */
  readonly name?: string;
}

/** Plain data: it may be written to a file and read again. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly mendable: Mendable;
  readonly seen: readonly Seen[];
  readonly subject: Subject;
  /** What is wrong, in one sentence. */
  readonly what: string;
  readonly means: string;
  readonly repair: string;
}

export function finding(kind: FindingKind, what: string, seen: readonly Seen[], subject: Subject): Finding {
  return { kind, ...FINDING_KINDS[kind], seen, subject, what };
}
