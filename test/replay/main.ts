#!/usr/bin/env node
/** Entry point of `npm run replay`. */
import { openStore, StoreError } from '../../src/index.ts';
import { StoreUrlError } from '../../src/store/open.ts';
import { parseCommandLine, USAGE, UsageError } from './command-line.ts';
import { isClean, reportJson, reportText } from './report.ts';
import { InputError, readAllowances, readHistory, replayAll } from './run.ts';

async function main(args: readonly string[]): Promise<number> {
  const { files, store: url, allow, output, help } = parseCommandLine(args);
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const histories = await Promise.all(files.map(readHistory));
  const allowances = allow === undefined ? [] : await readAllowances(allow);
  const store = await openStore(url === 'memory' ? 'memory:' : url, { env: process.env });
  try {
    const report = await replayAll(histories, store, allowances);
    process.stdout.write(output === 'json' ? reportJson(report) : reportText(report));
    return isClean(report) ? 0 : 1;
  } finally {
    await store.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isExpected = [UsageError, InputError, StoreUrlError, StoreError].some((expected) => error instanceof expected);
    const { message, stack } = error as Error;
    process.stderr.write(`replay: ${isExpected ? message : stack}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
    process.exitCode = 2;
  },
);
