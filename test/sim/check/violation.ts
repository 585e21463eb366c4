/** An invariant (docs/invariants.md) that does not hold. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I11' | 'errors' | 'liveness';

export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

export function violated(invariant: Invariant, message: string): never {
  throw new Violation(invariant, message);
}

/** Throws a {@link Violation} unless `holds`; `message` is only made for one. */
export function must(holds: boolean, invariant: Invariant, message: () => string): asserts holds {
  if (!holds) violated(invariant, message());
}
