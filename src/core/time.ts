/** Stored times: RFC 3339, UTC, whole seconds rounded down, `Z` (data model §3.1). */

export function timeText(nowNs: bigint): string {
  return `${new Date(Number(nowNs / 1_000_000n)).toISOString().slice(0, 19)}Z`;
}

/** Seconds since the Unix epoch, rounded down; undefined when the text is no time. */
export function secondsOf(text: string): bigint | undefined {
  const ms = msOf(text);
  return ms === undefined ? undefined : BigInt(Math.floor(ms / 1_000));
}

/** Milliseconds since the Unix epoch, also of what Go prints (`2024-05-01 10:00:00.5 +0000 UTC`); undefined when the text is no time. */
export function msOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
