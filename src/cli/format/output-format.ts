/** The formats of `-o`, as kubectl and calicoctl name them. */
import { UsageError } from '../errors.ts';
import { parseTemplate, type Template } from '../jsonpath/parse.ts';

const PLAIN_KINDS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

/** `file`: only for commands that take `-o FILE`. */
export type Output =
  | { readonly kind: (typeof PLAIN_KINDS)[number] }
  | { readonly kind: 'jsonpath'; readonly template: Template }
  | { readonly kind: 'custom-columns'; readonly columns: readonly OutputColumn[] }
  | { readonly kind: 'file'; readonly path: string };

/** One of `custom-columns=NAME:.metadata.name,CIDR`; without a template it is a column of the command's own table. */
export interface OutputColumn {
  readonly heading: string;
  readonly template: Template | undefined;
}

/** For completion. */
export const OUTPUT_NAMES = [...PLAIN_KINDS, 'jsonpath=', 'custom-columns='] as const;

export const OUTPUT_HINT = 'expected is table, wide, json, yaml, name, jsonpath=TEMPLATE or custom-columns=HEADING:.path,…';

const PLAIN: Readonly<Record<string, (typeof PLAIN_KINDS)[number]>> = {
  table: 'table',
  ps: 'table',
  wide: 'wide',
  json: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  name: 'name',
};

/**
 * The format that `given` names, in any letter case. Anything else is a file where `acceptsFile`, else undefined. Throws a
 * UsageError for a template that cannot be read.
 */
export function parseOutput(given: string, acceptsFile: boolean): Output | undefined {
  // kubectl takes -o=json as well.
  const text = given.replace(/^=/, '');
  const kind = PLAIN[text.toLowerCase()];
  if (kind !== undefined) return { kind };
  const [, name, argument = ''] = /^(jsonpath|custom-columns|go-template|go-template-file)(?:=(.*))?$/s.exec(text) ?? [];
  switch (name) {
    case 'jsonpath':
      return { kind: 'jsonpath', template: templateOf(argument, '-o jsonpath=') };
    case 'custom-columns':
      return { kind: 'custom-columns', columns: parseColumns(argument) };
    case 'go-template':
    case 'go-template-file':
      throw new UsageError(`-o ${name} needs Go. Write the same as -o jsonpath=TEMPLATE, or take -o json.`);
  }
  return acceptsFile && text !== '' ? { kind: 'file', path: text } : undefined;
}

function parseColumns(text: string): readonly OutputColumn[] {
  if (text === '') throw new UsageError('-o custom-columns needs at least one column, such as custom-columns=NAME:.metadata.name');
  return text.split(',').map((part) => {
    const [, heading = '', path] = /^([^:]*)(?::(.*))?$/s.exec(part) ?? [];
    if (heading === '' || path === '')
      throw new UsageError(`-o custom-columns: '${part}' is no column. Expected HEADING:.path or the heading of a column.`);
    return { heading, template: path === undefined ? undefined : templateOf(asTemplate(path), `-o custom-columns: ${heading}:`) };
  });
}

/** A bare `.metadata.name` is a template too, as in kubectl. */
function asTemplate(path: string): string {
  if (path.startsWith('{')) return path;
  return `{${/^[.[$]/.test(path) ? path : `.${path}`}}`;
}

function templateOf(text: string, option: string): Template {
  const template = parseTemplate(text);
  if (template.kind === 'template') return template;
  throw new UsageError(`${option}${text}: ${template.reason}, at character ${template.position + 1}.`);
}
