/** How much may be released at once: a wrong inventory is likelier than so many dead. */

/** Percent of the addresses that were judged, unless said otherwise. */
export const MAX_SHARE_PERCENT = 20;
/** In a small store a few are a large share: so many may be released all the same, as long as no more than half would go. */
const FEW = 10;

export interface Share {
  /** Addresses that would be released. */
  readonly releasing: number;
  /** Addresses that the inventory could call leaked. */
  readonly judged: number;
  readonly maxSharePercent: number;
}

/** Why it is too much, as sentences; undefined: it may be released. */
export function shareRefusal({ releasing, judged, maxSharePercent }: Share): string | undefined {
  const limit = Math.max(Math.min(FEW, Math.floor(judged / 2)), Math.floor((judged * maxSharePercent) / 100));
  if (releasing <= limit) return undefined;
  return `${releasing} of the ${judged} addresses that were judged would be released, and ${limit} may be at once (${maxSharePercent} %, or up to ${FEW} while half of them stay). Nothing was released. If the inventory is right, allow a larger share (--max-share).`;
}
