/** What every store must do, whatever it is made of. Each adapter's test runs this once. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Revision, Store } from '../../src/store/port.ts';
import { commitContract } from './contract-commit.ts';
import { lifecycleContract } from './contract-lifecycle.ts';
import { raceContract } from './contract-race.ts';
import { listContract, readContract } from './contract-read.ts';
import { watchContract } from './contract-watch.ts';

/** Two clients of the same data, in one process or in two. */
export interface OpenedStore {
  readonly store: Store;
  /** Never asked to watch. */
  readonly second: Store;
  /** Forgets history up to this revision. */
  compact(revision: Revision): Promise<void>;
  /** Closes both clients and clears away whatever holds the data; either client may be closed already. */
  close(): Promise<void>;
}

export interface ContractOptions {
  /** Nobody else writes to this store meanwhile, so that revisions can be counted. Default true. */
  readonly isAlone?: boolean;
}

/** What the groups of tests work with: one opened store for most, another for those that close it. */
export interface ContractContext {
  readonly opened: () => OpenedStore;
  readonly openAnother: () => Promise<OpenedStore>;
  readonly isAlone: boolean;
}

/**
 * Registers the tests for one kind of store. `open` gives clients of an empty store, or of one that other tests use too:
 * each test takes keys of its own.
 */
export function storeContract(name: string, open: () => Promise<OpenedStore>, { isAlone = true }: ContractOptions = {}): void {
  describe(`the store contract: ${name}`, () => {
    let current: OpenedStore | undefined;
    beforeAll(async () => {
      current = await open();
    });
    afterAll(async () => {
      await current?.close();
    });
    const context: ContractContext = {
      opened: () => {
        if (!current) throw new Error('the store is opened before the first test');
        return current;
      },
      openAnother: open,
      isAlone,
    };
    describe('commit', () => commitContract(context));
    describe('read', () => readContract(context));
    describe('list', () => listContract(context));
    describe('watch', () => watchContract(context));
    describe('races', () => raceContract(context));
    describe('lifecycle', () => lifecycleContract(context));
  });
}
