import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const TIMEOUT_MS = 300_000;

it(
  'npm run bench -- --quick measures every part, prints the report and keeps the request budgets',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'bench/main.ts', '--quick'], { cwd: ROOT });
    const headings = [...stdout.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(['Targets', 'Requests and bytes', 'Latency and throughput over etcd', 'LMDB', 'How to repeat it']);
    expect(stdout).toMatch(/^\| 8 \| assign, a library object per node \| [\d.]+ \|/m);
    expect(stdout).not.toMatch(/NaN|undefined|\*\*missed/);
  },
  TIMEOUT_MS,
);
