#!/usr/bin/env node
/** Entry point of `npm run sim`. */
import { parseCommandLine, USAGE, UsageError } from './command-line.ts';
import { PLANTS } from './plants.ts';
import { reportText } from './report.ts';
import { runSeed } from './run.ts';

async function main(args: readonly string[]): Promise<number> {
  const { help, trace, plant, ...options } = parseCommandLine(args);
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const result = await runSeed({ ...options, plant: plant && PLANTS[plant] });
  process.stdout.write(`${reportText({ ...options, plant }, result, trace)}\n`);
  return result.violation ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(error instanceof UsageError ? `sim: ${error.message}\n\n${USAGE}` : `sim: ${(error as Error).stack}\n`);
    process.exitCode = 2;
  },
);
