/** CNI specification versions: which are spoken, and which verb each one has. */
import { CniError, CODES } from './errors.ts';

export const SUPPORTED_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];
export const NEWEST_VERSION: CniVersion = '1.1.0';

/** A configuration without a version is one of 0.1.0, which had no such member. */
export function versionOf(written: unknown): CniVersion {
  const wanted = written === undefined || written === null || written === '' ? '0.1.0' : written;
  if (typeof wanted !== 'string')
    throw new CniError(CODES.invalidConfig, 'cniVersion of the network configuration is not a text', 'Write it like "1.1.0".');
  const known = SUPPORTED_VERSIONS.find((version) => version === wanted);
  if (known) return known;
  throw new CniError(
    CODES.incompatibleVersion,
    `incompatible CNI versions: the configuration has cniVersion "${wanted}"`,
    `This plugin supports ${SUPPORTED_VERSIONS.join(', ')}.`,
  );
}

export function isAtLeast(version: CniVersion, other: CniVersion): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(other);
}

/** First version that has the verb. */
const SINCE: Readonly<Record<string, CniVersion>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

export function requireVerb(verb: string, version: CniVersion): void {
  const since = SINCE[verb];
  if (since === undefined || isAtLeast(version, since)) return;
  throw new CniError(
    CODES.incompatibleVersion,
    `${verb} does not exist in CNI ${version}`,
    `It came with ${since}. Set cniVersion to ${since} or later in the network configuration.`,
  );
}
