#!/usr/bin/env node
/** The CNI IPAM plugin as a process: the only file of it that touches the process itself. */
import { closeSync, constants, fstatSync, openSync, read, readSync, statSync, writeSync } from 'node:fs';
import { systemClock } from '../platform/clock.ts';
import { RUNTIME_FOLDER } from '../platform/private-folder.ts';
import { CniError, CODES } from './errors.ts';
import { answer } from './plugin.ts';
import { SUPPORTED_VERSIONS } from './versions.ts';

/** A configuration is a few kilobytes. */
const STDIN_BYTES_MAX = 4 * 2 ** 20;
const STDIN_TIMEOUTS_MS: Readonly<Record<string, number>> = { STATUS: 5_000, VERSION: 1_000 };
const STDIN_TIMEOUT_MS = STDIN_TIMEOUTS_MS[process.env['CNI_COMMAND'] ?? ''] ?? 30_000;

const CHUNK_BYTES = 64 * 2 ** 10;
/** Before a stdin that does not block is asked again. */
const RETRY_MS = 5;

/** Everything on stdin, without the cost of a stream; rejects when there is too much, or when it does not end. */
function readStdin(): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (reason: string) => reject(new CniError(CODES.ioFailure, `cannot read the network configuration from stdin: ${reason}`));
    const timer = setTimeout(() => fail(`it did not end within ${STDIN_TIMEOUT_MS / 1_000} s`), STDIN_TIMEOUT_MS);
    /** False: there is no more to come. */
    const take = (count: number) => {
      bytes += count;
      chunks.push(Buffer.from(chunk.subarray(0, count)));
      if (bytes > STDIN_BYTES_MAX) fail(`it has more than ${STDIN_BYTES_MAX} bytes`);
      if (count === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      if (count > 0 && bytes <= STDIN_BYTES_MAX) return true;
      clearTimeout(timer);
      return false;
    };
    const next = () =>
      read(0, chunk, 0, CHUNK_BYTES, null, (error, count) => {
        if (error?.code === 'EAGAIN') return void setTimeout(next, RETRY_MS);
        if (error && error.code !== 'EOF') return fail(error.message);
        if (take(count)) next();
      });
    if (takeAtHand(chunk, take)) next();
  });
}

/** What a pipe or file holds already, without a thread that waits for it; true when there may be more. */
function takeAtHand(chunk: Buffer, take: (count: number) => boolean): boolean {
  let fd: number | undefined;
  try {
    fd = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
    const stdin = fstatSync(fd);
    if (!stdin.isFIFO() && !stdin.isFile()) return true;
    while (take(readSync(fd, chunk, 0, CHUNK_BYTES, null)));
    return false;
  } catch {
    return true;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** To a reader that has gone, or does not read, nothing more can be said. */
function writeAll(text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  } catch {
    return;
  }
}

/** Of the file that runs, which an upgrade replaces by another. */
function programId(): string {
  const { dev, ino, mtimeMs } = statSync(process.execPath);
  return [dev, ino, mtimeMs, process.argv[1]].join(' ');
}

function writeErrors(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // What was done counts, not what could be said of it.
  }
}

async function main(): Promise<void> {
  if (!process.env['CNI_COMMAND']) {
    writeSync(2, `plat CNI IPAM plugin\nCNI protocol versions supported: ${SUPPORTED_VERSIONS.join(', ')}\n`);
    return;
  }
  const { stdout, exitCode } = await answer({
    env: process.env,
    clock: systemClock,
    readStdin,
    parentPid: () => process.ppid,
    hintsFolder: RUNTIME_FOLDER,
    meeting: { folder: RUNTIME_FOLDER, program: programId() },
    stderr: writeErrors,
    endsUnclosed: true,
    endWith: async (afterMs, text) => (await import('./watchdog.ts')).startWatchdog(afterMs, text),
    endAfter: async (timeMs) => (await import('./watchdog.ts')).startAlarm(timeMs),
  });
  // What still runs after a deadline must not hold the process up.
  writeAll(stdout);
  process.exit(exitCode);
}

void main();
