/** `npm run replay -- FILE… [--store URL] [--allow FILE] [-o json]` */
import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run replay -- FILE… [--store memory|lmdb:PATH|etcd://HOST:PORT] [--allow FILE] [-o text|json]

Replays recorded histories of real Calico through the library and compares every result and every stored value.
Exit code: 0 when each difference is one of those on purpose or allowed, 1 when one is not, 2 when it cannot run.
`;

/** Not what {@link USAGE} says. */
export class UsageError extends Error {}

export interface CommandLine {
  readonly files: readonly string[];
  readonly store: string;
  readonly allow: string | undefined;
  readonly output: 'text' | 'json';
  readonly help: boolean;
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  const output = values.output ?? 'text';
  if (output !== 'text' && output !== 'json') throw new UsageError(`-o ${output}: wanted text or json`);
  if (positionals.length === 0 && !values.help) throw new UsageError('no history file given');
  return { files: positionals, store: values.store ?? 'memory', allow: values.allow, output, help: values.help ?? false };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        store: { type: 'string' },
        allow: { type: 'string' },
        output: { type: 'string', short: 'o' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
