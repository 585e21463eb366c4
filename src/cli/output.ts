/** Results in the format asked for. */
import { IpamError } from '../ipam/errors.ts';
import type { Cli } from './cli.ts';

/** What a command has to say: a value for programs, text for people. */
export interface Result {
  /** Plain data; a bigint is a number, or a string where a number would round it. */
  readonly value: unknown;
  readonly text: () => string;
}

/** Notes a stored value that cannot be read; `consequence`: what the result lacks. */
export function noteUnreadable(cli: Cli, consequence: string): (key: string, reason: string) => void {
  return (key, reason) => cli.terminal.note(`plat: ${key} cannot be read (${reason}); ${consequence}. It was left as it is.`);
}

export async function printResult(cli: Cli, result: Result): Promise<void> {
  switch (cli.globals().output) {
    case 'table':
      return cli.terminal.print(result.text());
    case 'json':
      return cli.terminal.print(toJson(result.value));
    case 'yaml': {
      const { stringify } = await import('yaml');
      // By the rules of 1.1, which quote what Go's readers take for a time or a boolean.
      return cli.terminal.print(stringify(JSON.parse(toJson(result.value)), { version: '1.1' }).trimEnd());
    }
  }
}

/** Indented JSON; integers beyond 2^53 are strings, so that no reader rounds them. Errors have their message. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => plain(member), 2);
}

function plain(member: unknown): unknown {
  if (typeof member === 'bigint') return plainInteger(member);
  // JSON leaves out an error's own message.
  if (member instanceof IpamError) return { code: member.code, message: member.message, details: member.details };
  return member;
}

function plainInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
