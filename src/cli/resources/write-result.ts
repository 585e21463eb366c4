/** What `create`, `apply`, `replace` and `patch` say: a line for each resource, a diff, or the resources. */

import type { Cli, Terminal } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { withNextCommand } from '../next-command.ts';
import { isForPeople, printResult, type Result, toYaml } from '../output.ts';
import { countOf } from '../quantity.ts';
import { unifiedDiff } from './diff.ts';
import { originText } from './files.ts';
import { kindName } from './kinds.ts';
import { resourceObject, type Stored } from './object.ts';
import type { NotWritten, Written } from './write.ts';

/** `verb` as in `Successfully applied`. */
export function writtenResult(verb: string, written: readonly Written[], dryRun: boolean): Result {
  const objects = written.map(({ manifest, after }) => resourceObject(kindName(manifest.kind), after));
  return {
    value: objects.length === 1 ? objects[0] : { kind: 'List', apiVersion: 'v1', items: objects },
    text: () =>
      [
        ...written.map(({ manifest, change }) => `${manifest.kind.word}/${manifest.name} ${change}${dryRun ? ' (dry run)' : ''}`),
        ...(dryRun ? [] : [`Successfully ${verb} ${resourcesText(written)}`]),
      ].join('\n'),
  };
}

/** `2 'IPPool' resource(s)`; of several kinds `2 resource(s)`. */
function resourcesText(written: readonly Pick<Written, 'manifest'>[]): string {
  const kinds = [...new Set(written.map(({ manifest }) => kindName(manifest.kind)))];
  return `${written.length} ${kinds.length === 1 ? `'${kinds[0]}' ` : ''}resource(s)`;
}

interface Diffed {
  readonly result: Result;
  readonly written: readonly Written[];
  /** `--dry-run` beside `--diff`: what would be done is said before the diff. */
  readonly dryRun: boolean;
}

/** For people the diff, for programs the result. */
export async function printDiff(cli: Cli, { result, written, dryRun }: Diffed): Promise<void> {
  if (!isForPeople(cli)) return printResult(cli, result);
  cli.terminal.print([...(dryRun ? [result.text()] : []), await diffText(cli.terminal, written)].join('\n'));
}

/** What is different, as one unified diff, coloured on a terminal. */
async function diffText(terminal: Pick<Terminal, 'paint'>, written: readonly Written[]): Promise<string> {
  const diffs = await Promise.all(
    written.map(async ({ manifest, before, after, change }) => {
      const yamlOf = (resource: Stored) => toYaml(resourceObject(kindName(manifest.kind), comparable(resource)));
      if (change === 'unchanged' || change === 'skipped') return '';
      return unifiedDiff(`${manifest.kind.word}/${manifest.name}`, before && (await yamlOf(before)), await yamlOf(after));
    }),
  );
  const lines = diffs.filter((diff) => diff !== '').join('\n');
  return lines === ''
    ? 'No differences.'
    : lines
        .split('\n')
        .map((line) => painted(terminal, line))
        .join('\n');
}

/** What every write changes tells nothing. */
function comparable(resource: Stored): Stored {
  return { ...resource, resourceVersion: '', uid: '', creationTimestamp: null };
}

function painted({ paint }: Pick<Terminal, 'paint'>, line: string): string {
  if (/^(---|\+\+\+) /.test(line)) return paint('bold', line);
  if (line.startsWith('@@')) return paint('cyan', line);
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}

/** What was not written, and why; the rest was. `verb` as in `created`. */
export function notWritten(verb: string, failed: readonly NotWritten[], total: number): Refusal {
  const told = failed.map(({ manifest, error }) => {
    const place = `${originText(manifest.origin)}: ${manifest.kind.word} ${manifest.name}`;
    const { kind, name } = manifest;
    return failed.length > 1
      ? `${place}: ${error.message}`
      : `${place}: ${withNextCommand(error.code, error.message, { kind: kind.word, name, ...error.details })}`;
  });
  const [first] = failed;
  const rest = total - failed.length;
  const count =
    total === 1 ? '' : `${failed.length} of ${countOf(total, 'resource')} not ${verb}${rest > 0 ? `, the other ${rest} done` : ''}. `;
  return new Refusal(
    first?.error.code ?? 'failed',
    `${count}${told.join(' ')}${failed.length > 1 ? ' What is there: plat get -f FILE' : ''}`,
    {
      ...(failed.length === 1 && first?.error.details),
      failed: failed.map(({ manifest, error }) => ({
        file: manifest.origin.file,
        document: manifest.origin.document ?? 1,
        kind: kindName(manifest.kind),
        name: manifest.name,
        code: error.code,
        message: error.message,
      })),
    },
  );
}
