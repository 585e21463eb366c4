/** Throws when `condition` is false: our own state broke an invariant. `message` names the invariant (I1, I2, …). */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}

/** Marks a switch as exhaustive: the compiler refuses a case that was forgotten. */
export function unreachable(value: never): never {
  throw new Error(`bug: unexpected ${String((value as { kind?: unknown }).kind ?? value)}`);
}
