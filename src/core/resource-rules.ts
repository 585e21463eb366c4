/** Rules that resources other than pools, or all of them, keep when they are written. */
import { parseCidr } from './addr.ts';
import { type Violation, when } from './violation.ts';

const NAME_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const NAME = new RegExp(`^${NAME_PATTERN}$`);
const NAME_LENGTH_MAX = 253;

/** A name of a new resource: a DNS subdomain, so always one segment of a key. */
export function nameViolations(name: string): readonly Violation[] {
  const field = 'metadata.name';
  if (name === '') return [{ field, value: '', rule: 'name-missing', message: 'field must be set for a Create request' }];
  return [
    ...when(!NAME.test(name), {
      field,
      value: name,
      rule: 'name-invalid',
      message: `name must consist of lower case alphanumeric characters, '-' or '.' (regex: ${NAME_PATTERN})`,
    }),
    ...when(name.length > NAME_LENGTH_MAX, {
      field,
      value: name,
      rule: 'name-invalid',
      message: `name is ${name.length} characters long, at most ${NAME_LENGTH_MAX} are allowed`,
    }),
  ];
}

/** Reserved networks are written with a prefix length, though bare addresses are read as well (data model §7.2, BM-11). */
export function reservationViolations(reservedCIDRs: readonly string[]): readonly Violation[] {
  return reservedCIDRs.flatMap((text, index) => {
    const field = `spec.reservedCIDRs[${index}]`;
    return when(parseCidr(text).kind === 'not-a-cidr', {
      field,
      value: text,
      rule: 'reserved-cidr-invalid',
      message: `${field} in body must be of type cidr: ${JSON.stringify(text)}`,
    });
  });
}
