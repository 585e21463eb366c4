/** All that is wrong with manifests, as one refusal: file, document, field, value, rule. */
import type { IpamError } from '../../ipam/errors.ts';
import { Refusal } from '../errors.ts';
import { originText } from './files.ts';
import { kindName } from './kinds.ts';
import type { Manifest, ManifestViolation, Origin } from './manifest.ts';

export interface InvalidDocument {
  /** As in `IPPool p1`. */
  readonly what: string;
  readonly origin: Origin;
  readonly violations: readonly ManifestViolation[];
}

/** The violations that the library found; none when it refused for another reason. */
export function violationsOf(error: IpamError): readonly ManifestViolation[] {
  return (error.details as { violations?: readonly ManifestViolation[] }).violations ?? [];
}

export function manifestTitle({ kind, name }: Manifest): string {
  return `${kindName(kind)} ${name}`;
}

/** Nothing is written when one of the documents breaks a rule. `next`: the command to repeat. */
export function invalidManifests(documents: readonly InvalidDocument[], next: string): Refusal {
  const told = documents.map(
    ({ what, origin, violations }) => `${originText(origin)} (${what}): ${violations.map(violationText).join('; ')}`,
  );
  const details = documents.flatMap(({ what, origin, violations }) =>
    violations.map((violation) => ({ file: origin.file, document: origin.document ?? 1, resource: what, ...violation })),
  );
  const code = details.every(({ rule }) => rule === 'cidr-overlap') ? 'pool-overlap' : 'invalid-resource';
  const count = documents.length === 1 ? 'a document breaks rules' : `${documents.length} documents break rules`;
  return new Refusal(code, `${count}; nothing was written. ${told.join('. ')}. Correct that and try: ${next}`, {
    violations: details,
  });
}

function violationText({ field, value, rule, message }: ManifestViolation): string {
  const given = value === undefined ? '' : ` = ${JSON.stringify(value)}`;
  return `${field}${given}: ${message.replace(/\.$/, '')} [${rule}]`;
}
