/** Replays files of histories, one after the other on one store, and reports. */
import { readFile } from 'node:fs/promises';
import type { Store } from '../../src/store/port.ts';
import { type Allowance, AllowError, parseAllowFile } from './allow.ts';
import { HistoryError } from './arguments.ts';
import type { Difference } from './differences.ts';
import { type History, parseHistory } from './history.ts';
import { Keyspace } from './keyspace.ts';
import { replayHistory } from './replay.ts';
import type { Report } from './report.ts';

/** The run cannot begin: a file that cannot be read or is not what it should be, a store that is in use. */
export class InputError extends Error {}

export async function readHistory(file: string): Promise<History> {
  return readInput(file, parseHistory);
}

export async function readAllowances(file: string): Promise<Allowance[]> {
  return readInput(file, parseAllowFile);
}

async function readInput<T>(file: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    const isExpected = error instanceof HistoryError || error instanceof AllowError || (error instanceof Error && 'syscall' in error);
    throw isExpected ? new InputError(`${file}: ${error.message}`) : error;
  }
}

/** Replays each history on `store`, which must be empty and is emptied again after each. */
export async function replayAll(histories: readonly History[], store: Store, allowances: readonly Allowance[]): Promise<Report> {
  const keyspace = new Keyspace(store);
  if (!(await keyspace.isEmpty())) throw new InputError(`the store ${store.name} is in use; a replay needs an empty one, and empties it`);
  const differences: Difference[] = [];
  for (const history of histories) {
    differences.push(...(await replayHistory(history, store, allowances)));
    await keyspace.clear();
  }
  const steps = histories.reduce((sum, history) => sum + history.steps.length, 0);
  return {
    store: store.name,
    histories: histories.length,
    steps,
    differences,
    unusedAllowances: unused(histories, allowances, differences),
  };
}

function unused(histories: readonly History[], allowances: readonly Allowance[], differences: readonly Difference[]): Allowance[] {
  return allowances.filter(({ history, steps }) => {
    if (!histories.some(({ name }) => name === history)) return false;
    return ![...steps].every((step) =>
      differences.some((other) => other.kind === 'allowed' && other.history === history && other.step === step),
    );
  });
}
