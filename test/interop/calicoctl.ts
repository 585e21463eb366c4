/** A real calicoctl, when CALICOCTL names one. */
import { execFile } from 'node:child_process';
import type { TestContext } from 'vitest';
import type { Run } from '../cli/session.ts';

export const CALICOCTL = process.env['CALICOCTL'] ?? '';

/** Skips the test, with the reason, where there is none. */
export function needsCalicoctl({ skip }: TestContext): void {
  if (CALICOCTL === '') skip('CALICOCTL=PATH names no calicoctl to ask');
}

/** Runs it on the etcd at `endpoint` (`host:port`). */
export function runCalicoctl(endpoint: string, args: readonly string[], input = ''): Promise<Run> {
  const env = { PATH: process.env['PATH'], DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: `http://${endpoint}` };
  return new Promise((resolve, reject) => {
    const child = execFile(CALICOCTL, [...args, '--allow-version-mismatch'], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
