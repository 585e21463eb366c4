/** One rule that a resource or a configuration breaks, as a value: the shell lists them in one error. */
export interface Violation {
  /** Path of the member, such as `spec.cidr`. */
  readonly field: string;
  /** Its text as far as it helps to see the fault; undefined when it is missing or says nothing. */
  readonly value: string | undefined;
  readonly rule: Rule;
  /** Calico's text where Calico has the rule (data model §7.1). */
  readonly message: string;
}

/** Names of the rules. Stable, for programs. */
export type Rule =
  | 'name-missing'
  | 'name-invalid'
  | 'cidr-missing'
  | 'cidr-invalid'
  | 'cidr-not-masked'
  | 'cidr-overlap'
  | 'cidr-link-local'
  | 'cidr-immutable'
  | 'block-size-range'
  | 'block-size-conflict'
  | 'block-size-immutable'
  | 'pool-too-small'
  | 'unknown-value'
  | 'encapsulation-conflict'
  | 'ipip-on-ipv6'
  | 'selector-invalid'
  | 'selector-global'
  | 'tunnel-namespace-selector'
  | 'load-balancer-encapsulation'
  | 'load-balancer-combined'
  | 'load-balancer-bgp-export'
  | 'load-balancer-node-selector'
  | 'load-balancer-immutable'
  | 'reserved-cidr-invalid'
  | 'strict-or-auto'
  | 'limit-needs-strict'
  | 'limit-range'
  | 'cooldown-range';

/** `violation` in a list when the rule is broken, else the empty list. */
export function when(isBroken: boolean, violation: Violation): Violation[] {
  return isBroken ? [violation] : [];
}

/** Refuses a value that is not one of `supported`. */
export function oneOf(field: string, value: string, supported: readonly string[]): Violation[] {
  const message = `supported values: ${supported.map((text) => JSON.stringify(text)).join(', ')}`;
  return when(!supported.includes(value), { field, value, rule: 'unknown-value', message });
}
