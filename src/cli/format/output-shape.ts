/** What a command's results offer to `-o name` and `-o custom-columns`, known before it does anything. */
import type { Output } from './output-format.ts';

/** Every command has json, yaml, jsonpath, and columns by path. */
export interface OutputShape {
  /** Each result is a resource with kind and name. */
  readonly hasNames?: true;
  /** Headings of the table, in upper case, that `custom-columns` may name without a path. */
  readonly columns?: readonly string[];
}

export const NAMED: OutputShape = { hasNames: true };

/** Why a command of this shape cannot print `output`; undefined when it can. */
export function misfitOf(output: Output, { hasNames, columns = [] }: OutputShape): string | undefined {
  if (output.kind === 'name' && !hasNames) return '-o name: this command gives nothing that has a name. Take -o json.';
  if (output.kind !== 'custom-columns') return undefined;
  const unknown = output.columns.find(({ heading, template }) => template === undefined && !columns.includes(heading.toUpperCase()));
  if (unknown === undefined) return undefined;
  const { heading } = unknown;
  const expected = columns.length === 0 ? `${heading}:.path` : `one of ${columns.join(', ')}, or ${heading}:.path`;
  return `-o custom-columns: '${heading}' is no column of this table. Expected ${expected}.`;
}
