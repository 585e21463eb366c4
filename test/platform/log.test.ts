import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLazyLogger, createLogger, parseLogLevel, silentLogger } from '../../src/platform/log.ts';

describe('parseLogLevel', () => {
  it('takes the levels in any letter case and nothing else', () => {
    expect(['debug', 'INFO', 'Warn', 'error', 'silent'].map(parseLogLevel)).toEqual(['debug', 'info', 'warn', 'error', 'silent']);
    expect([parseLogLevel('trace'), parseLogLevel('')]).toEqual([undefined, undefined]);
  });
});

describe('createLogger', () => {
  it('is the silent logger at level silent', async () => {
    expect(await createLogger({ level: 'silent' })).toBe(silentLogger);
  });

  it('writes one JSON line per event of its level and above to stderr, at once, and nothing to stdout', () => {
    const program = `
      import { createLogger } from './src/platform/log.ts';
      const log = await createLogger({ level: 'info' });
      log.debug({ event: 'hidden' });
      log.info({ event: 'block-claimed', cidr: '10.0.0.0/26' });
      log.error({ event: 'gave-up' });
      process.exit(0);`;
    const { stdout, stderr } = spawnSync('node', ['--import', 'tsx', '--input-type=module', '-e', program], { encoding: 'utf8' });
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([{ event: 'block-claimed', cidr: '10.0.0.0/26' }, { event: 'gave-up' }]);
    expect(stdout).toBe('');
  });
});

// skip: only Linux has a file that is always full.
describe.skipIf(process.platform !== 'linux')('createLazyLogger', () => {
  it('fails nobody when its file cannot be written', async () => {
    const log = createLazyLogger({ level: 'info', file: '/dev/full' });
    log.warn({ event: 'said' });
    log.debug({ event: 'hidden' });
    await log.flush();
    await log.flush();
  });
});
