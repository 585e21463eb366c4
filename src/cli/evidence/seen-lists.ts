/** Which lists were looked at before. A copy of one is as old as the list itself, whatever date its file has. */

/** What is kept of a list that vouched for somebody's absence. */
export interface SeenList {
  /** Of its text, in hexadecimal. */
  readonly sha256: string;
  /** Resource version of the list, where the API server told it. */
  readonly version?: string;
  /** When it was taken, as far as known when it was seen: milliseconds since the Unix epoch. */
  readonly takenAtMs: number;
}

export type SeenLists = readonly SeenList[];

/** The newest are kept: with a run every 10 minutes, those of a week. */
const KEPT_MAX = 1_000;

/** When a list like this one, or a newer one of the same server, was taken; undefined: this one is new. */
export function seenAtMs(seen: SeenLists, { sha256, version }: Omit<SeenList, 'takenAtMs'>): number | undefined {
  const times = seen.filter((other) => other.sha256 === sha256 || isNoNewer(version, other.version)).map(({ takenAtMs }) => takenAtMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Resource versions of one server grow. */
function isNoNewer(version: string | undefined, other: string | undefined): boolean {
  if (version === undefined || other === undefined) return false;
  const areNumbers = [version, other].every((each) => /^\d{1,30}$/.test(each));
  return areNumbers ? BigInt(version) <= BigInt(other) : version === other;
}

export function withSeen(seen: SeenLists, lists: SeenLists): SeenLists {
  const others = seen.filter((list) => !lists.some(({ sha256 }) => sha256 === list.sha256));
  return [...others, ...lists].slice(-KEPT_MAX);
}

/** Undefined when `value` is not what {@link withSeen} made. */
export function seenListsIn(value: unknown): SeenLists | undefined {
  return Array.isArray(value) && value.every(isSeenList) ? value : undefined;
}

function isSeenList(value: unknown): value is SeenList {
  const { sha256, version, takenAtMs } = Object(value) as Partial<Record<keyof SeenList, unknown>>;
  return typeof sha256 === 'string' && typeof takenAtMs === 'number' && (version === undefined || typeof version === 'string');
}
