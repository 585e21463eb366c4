/** Results in the format asked for. */
import { unreachable } from '../core/assert.ts';
import { IpamError } from '../ipam/errors.ts';
import type { Cli } from './cli.ts';
import type { OutputColumn } from './format/output-format.ts';
import { evaluate, valuesOf, valueText } from './jsonpath/evaluate.ts';
import type { Template } from './jsonpath/template.ts';
import { paddedTable } from './table.ts';

/** What a command has to say: a value for programs, text for people. */
export interface Result {
  /** Plain data; a bigint is a number, or a string where a number would round it. A list has its members in `items`. */
  readonly value: unknown;
  readonly text: () => string;
  /** With `-o wide`; default: the same text. */
  readonly wide?: () => string;
  /** Columns of the table by heading, for `-o custom-columns=NAME,CIDR`. */
  readonly columns?: Readonly<Record<string, Template>>;
}

/** Notes a stored value that cannot be read; `consequence`: what the result lacks. */
export function noteUnreadable(cli: Cli, consequence: string): (key: string, reason: string) => void {
  return (key, reason) => cli.terminal.note(`plat: ${key} cannot be read (${reason}); ${consequence}. It was left as it is.`);
}

/** Whether people read the result: what goes beyond the value (hints, stories) is for them only. */
export function isForPeople(cli: Cli): boolean {
  const { kind } = cli.globals().output;
  return kind === 'table' || kind === 'wide' || kind === 'file';
}

export async function printResult(cli: Cli, result: Result): Promise<void> {
  const { output } = cli.globals();
  const { terminal } = cli;
  switch (output.kind) {
    case 'table':
    case 'file':
      return terminal.print(result.text());
    case 'wide':
      return terminal.print((result.wide ?? result.text)());
    case 'json':
      return terminal.print(toJson(result.value));
    case 'yaml':
      return terminal.print(await toYaml(result.value));
    case 'name':
      return terminal.write(
        namesOf(result)
          .map((name) => `${name}\n`)
          .join(''),
      );
    case 'jsonpath':
      return terminal.write(evaluate(output.template, toPlain(result.value)));
    case 'custom-columns':
      return terminal.print(customColumns(result, output.columns));
    default:
      return unreachable(output);
  }
}

/** Indented JSON; integers beyond 2^53 are strings, so that no reader rounds them. Errors have their message. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => plain(member), 2);
}

/** YAML by the rules of 1.1, which quote what Go's readers take for a time or a boolean. No line break at its end. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(toPlain(value), { version: '1.1', aliasDuplicateObjects: false }).trimEnd();
}

/** What `-o json` prints, parsed. */
function toPlain(value: unknown): unknown {
  return JSON.parse(toJson(value)) as unknown;
}

/** The members of a list, or the value itself. */
function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const { items } = (value ?? {}) as { items?: unknown };
  return Array.isArray(items) ? items : [value];
}

/** `ippool/default-ipv4`, one for each. */
function namesOf({ value }: Result): readonly string[] {
  return itemsOf(toPlain(value)).map((item) => {
    const { kind, name, metadata } = (item ?? {}) as { kind?: unknown; name?: unknown; metadata?: { name?: unknown } };
    const own = metadata?.name ?? name;
    if (typeof kind !== 'string' || typeof own !== 'string')
      throw new Error('bug: a command says that its results have names, and one has none');
    return `${kind.toLowerCase()}/${own}`;
  });
}

function customColumns({ value, columns: known = {} }: Result, columns: readonly OutputColumn[]): string {
  const templates = columns.map(({ heading, template }) => {
    const own = template ?? known[heading.toUpperCase()];
    if (own === undefined) throw new Error(`bug: a command says that its table has the column ${heading}, and it has none`);
    return own;
  });
  const rows = itemsOf(toPlain(value)).map((item) => templates.map((template) => cellText(valuesOf(template, item))));
  return paddedTable(
    columns.map(({ heading }) => ({ heading: heading.toUpperCase() })),
    rows,
  );
}

/** As kubectl: what is not there is `<none>`. */
function cellText(values: readonly unknown[]): string {
  const texts = values.flatMap((value) => (Array.isArray(value) ? value : [value])).map(valueText);
  return texts.length === 0 ? '<none>' : texts.join(',').replaceAll('\n', ' ');
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
