/** Parsers for option values; what they refuse becomes a usage error that names the option. */
import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from './settings/duration.ts';

/** What an address may be for. */
export const USES = ['Workload', 'Tunnel', 'LoadBalancer'] as const;

const COUNT = /^\d{1,6}$/;
const KEY_VALUE = /^([^=]+)=(.*)$/s;

/** A whole number, 0 or more. */
export function parseCount(text: string): number {
  if (!COUNT.test(text)) throw new InvalidArgumentError('Expected a whole number, 0 or more.');
  return Number(text);
}

/** Milliseconds. */
export function parseDuration(text: string): number {
  const milliseconds = parseDurationMs(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('Expected a duration such as 500ms, 30s or 10m.');
  return milliseconds;
}

/** Collects `key=value` of a repeated option; the last value of a key wins. */
export function collectPairs(text: string, previous: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const pair = KEY_VALUE.exec(text);
  if (!pair) throw new InvalidArgumentError('Expected key=value.');
  return Object.fromEntries([...Object.entries(previous ?? {}), [pair[1] ?? '', pair[2] ?? '']]);
}

/** Collects the values of a repeated option, each of which may be a list with commas. */
export function collectList(text: string, previous: readonly string[] | undefined): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new InvalidArgumentError('Expected a value, or several with commas between them.');
  return [...(previous ?? []), ...items];
}

/** Collects the values of a repeated option as they are. */
export function collectRepeated(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), text];
}

/** One of `names` in any letter case. */
export function parseOneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = names.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (name === undefined) throw new InvalidArgumentError(`Expected ${names.join(' or ')}.`);
    return name;
  };
}
