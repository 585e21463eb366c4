const DURATION = /^(\d{1,9})(ms|s|m|h)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `30s`, `2m`, `1h`; a number alone is seconds. Undefined for anything else, and for 0. */
export function parseDurationMs(text: string): number | undefined {
  const [, count, unit = 's'] = DURATION.exec(text.trim()) ?? [];
  const milliseconds = Number(count) * (UNIT_MS[unit] ?? 0);
  return milliseconds > 0 ? milliseconds : undefined;
}
