/** Numbers about lists of numbers. */

/** The smallest value that at least the share `portion` (0 to 1) of `values` does not exceed; `values` must not be empty. */
export function percentile(values: readonly number[], portion: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(sorted.length * portion) - 1)];
  if (found === undefined) throw new Error('a percentile needs at least one value');
  return found;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
