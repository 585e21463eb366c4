/**
 * Looks at a data file before LMDB maps it: LMDB trusts what it maps, and a page that is damaged or beyond the end of the
 * file kills the process. Offsets are those of LMDB's data version 2 on 64-bit machines (`MDB_meta`, `MDB_page_header`,
 * `MDB_node` of lmdb's mdb.c).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { arch, endianness } from 'node:os';

const DATA_VERSION = 2;
const MAGIC = 0xbeefc0de;
const PAGE_HEADER_BYTES = 24;
const META_BYTES = 168;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const BRANCH = 0x01;
const LEAF = 0x02;
const FIXED_SIZE_LEAF = 0x20;
const IN_OVERFLOW_PAGES = 0x01;
const DEPTH_MAX = 32;
/** Pages looked at, from the roots down: half a millisecond. A file that lacks its last pages is looked at in full. */
const PAGES_CHECKED_MAX = 32;
/** Another process may write while we read: only what is wrong twice with no commit between counts. */
const ATTEMPTS_MAX = 5;

/** What is wrong with the data file, as the end of a sentence that begins with its name; undefined when LMDB may open it. */
export function findDamage(path: string): string | undefined {
  // Other machines lay the file out differently; LMDB has to do without our help there.
  if (!['x64', 'arm64'].includes(arch()) || endianness() !== 'LE') return undefined;
  const file = openSync(path, 'r');
  try {
    let damage: string | undefined;
    let transaction: bigint | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const check = checkOnce(file);
      damage = check.damage;
      if (damage === undefined || check.transaction === transaction) return damage;
      transaction = check.transaction;
    }
    // It changes all the time: whoever writes there has no trouble with it.
    return undefined;
  } finally {
    closeSync(file);
  }
}

interface Check {
  readonly damage: string | undefined;
  readonly transaction: bigint;
}

function checkOnce(file: number): Check {
  const size = fstatSync(file).size;
  // LMDB makes a new store of an empty file.
  if (size === 0) return { damage: undefined, transaction: 0n };
  const first = readAt(file, 0, PAGE_HEADER_BYTES + META_BYTES);
  const damage = notLmdb(first, size);
  if (damage !== undefined) return { damage, transaction: 0n };
  const pageBytes = first.getUint32(48, true);
  const second = readAt(file, pageBytes, PAGE_HEADER_BYTES + META_BYTES);
  if (second.byteLength < PAGE_HEADER_BYTES + META_BYTES || second.getUint32(24, true) !== MAGIC) {
    return { damage: 'is a damaged LMDB file: its second page is not what it should be', transaction: 0n };
  }
  const meta = second.getBigUint64(152, true) > first.getBigUint64(152, true) ? second : first;
  const transaction = meta.getBigUint64(152, true);
  return { damage: new TreeCheck(file, size, pageBytes).run(meta), transaction };
}

function notLmdb(head: DataView, size: number): string | undefined {
  if (head.byteLength < PAGE_HEADER_BYTES + META_BYTES) return `is not an LMDB file: it has ${size} bytes only`;
  if (head.getUint32(24, true) !== MAGIC) {
    const older = head.getUint32(16, true) === MAGIC;
    return older ? 'is an LMDB file of another version' : `is not an LMDB file: it begins with ${beginning(head)}`;
  }
  const version = head.getUint32(28, true) & 0xffff;
  if (version !== DATA_VERSION) return `is an LMDB file of version ${version}, not ${DATA_VERSION}`;
  const pageBytes = head.getUint32(48, true);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (!isPowerOfTwo || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) {
    return `is a damaged LMDB file: its page size is ${pageBytes}`;
  }
  return undefined;
}

function beginning(head: DataView): string {
  return JSON.stringify(Buffer.from(head.buffer, head.byteOffset, 16).toString('latin1'));
}

/** Follows the trees of free pages and of records, level by level. */
class TreeCheck {
  readonly #file: number;
  readonly #size: number;
  readonly #pageBytes: number;

  constructor(file: number, size: number, pageBytes: number) {
    this.#file = file;
    this.#size = size;
    this.#pageBytes = pageBytes;
  }

  /** Free pages at the end need not be in the file, so its length alone tells nothing. */
  run(meta: DataView): string | undefined {
    const pages = meta.getBigUint64(144, true) + 1n;
    const isComplete = pages * BigInt(this.#pageBytes) <= BigInt(this.#size);
    let pagesLeft = isComplete ? PAGES_CHECKED_MAX : Math.ceil(this.#size / this.#pageBytes);
    for (const database of [48, 96]) {
      const root = meta.getBigUint64(database + 40, true);
      const depth = meta.getUint16(database + 6, true);
      let level = root === NO_PAGE ? [] : [root];
      for (let left = depth; level.length > 0 && pagesLeft > 0; left--) {
        if (left < 1 || depth > DEPTH_MAX) return 'is a damaged LMDB file: its tree is deeper than it says';
        const children: bigint[] = [];
        for (const page of level.slice(0, pagesLeft)) {
          const damage = this.#checkPage(page, left === 1, children);
          if (damage !== undefined) return `is a damaged LMDB file: ${damage}`;
        }
        pagesLeft -= level.length;
        level = children;
      }
    }
    return undefined;
  }

  /** Adds a branch page's children to `children`. */
  #checkPage(number: bigint, isLeaf: boolean, children: bigint[]): string | undefined {
    if (!this.#isInside(number, 1n)) return `page ${number} lies beyond its end`;
    const page = readAt(this.#file, Number(number) * this.#pageBytes, this.#pageBytes);
    const flags = page.getUint16(18, true);
    const lower = page.getUint16(20, true);
    const upper = page.getUint16(22, true);
    const room = this.#pageBytes - PAGE_HEADER_BYTES;
    const kind = isLeaf ? LEAF : BRANCH;
    if (page.getBigUint64(0, true) !== number || (flags & (LEAF | BRANCH)) !== kind || lower > upper || upper > room) {
      return `page ${number} is not what it should be`;
    }
    if (flags & FIXED_SIZE_LEAF) return undefined;
    for (let index = 0; index < lower >> 1; index++) {
      const node = PAGE_HEADER_BYTES + page.getUint16(PAGE_HEADER_BYTES + 2 * index, true);
      const dataAt = node + 8 + (node + 8 <= this.#pageBytes ? page.getUint16(node + 6, true) : 0);
      if (dataAt > this.#pageBytes) return `page ${number} is not what it should be`;
      const nodeFlags = page.getUint16(node + 4, true);
      if (!isLeaf) {
        children.push(BigInt(page.getUint32(node, true)) | (BigInt(nodeFlags) << 32n));
      } else if (nodeFlags & IN_OVERFLOW_PAGES) {
        const valueAt = dataAt + 24 <= this.#pageBytes ? page.getBigUint64(dataAt, true) : NO_PAGE;
        if (valueAt === NO_PAGE || !this.#isInside(valueAt, page.getBigUint64(dataAt + 16, true))) {
          return `the value on page ${valueAt} lies beyond its end`;
        }
      }
    }
    return undefined;
  }

  #isInside(page: bigint, count: bigint): boolean {
    return page >= 2n && count >= 1n && (page + count) * BigInt(this.#pageBytes) <= BigInt(this.#size);
  }
}

function readAt(file: number, position: number, bytes: number): DataView {
  const buffer = Buffer.alloc(bytes);
  const read = readSync(file, buffer, 0, bytes, position);
  return new DataView(buffer.buffer, buffer.byteOffset, read);
}
