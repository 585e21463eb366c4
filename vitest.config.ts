import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/globalSetup.ts',
    // One process per file: the LMDB addon keeps state per process, and a test may not leak it into the next.
    pool: 'forks',
    // The default leaves one core idle, which is half of a small machine.
    maxWorkers: '100%',
    testTimeout: 60_000,
    // A hook may have to start an etcd.
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
