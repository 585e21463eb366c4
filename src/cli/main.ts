#!/usr/bin/env node
/** The `plat` program: the process as values, and its end. */
import { once, setMaxListeners } from 'node:events';
import { homedir, hostname } from 'node:os';
import { addAbortSignal } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { styleText } from 'node:util';
import type { Terminal } from './cli.ts';
import { EXIT_FAILED } from './errors.ts';
import { runCli } from './program.ts';

/** What a shell reports for a process that SIGPIPE ended: the reader of our output has gone. */
const EXIT_BROKEN_PIPE = 141;

/** Takes away the line of progress. */
const CLEAR_LINE = '\r\x1b[K';

// A TLS connection to an etcd named by its address makes Node print a warning that no user can act on.
Object.assign(process, { noDeprecation: true });

const interrupt = new AbortController();
// The calls of the demo listen all at once; Node would take that for a leak.
setMaxListeners(0, interrupt.signal);
// Once: a second signal ends the process at once.
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

process.stdout.on('error', endWithoutOutput);
process.stderr.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A message that cannot be told changes nothing about the result.
  if (code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
});

// Node warns of two wishes that contradict each other; no colour is the safe one.
if (process.env['NO_COLOR']) delete process.env['FORCE_COLOR'];

/** Results that nobody can read must not pass for done. */
function endWithoutOutput(error: NodeJS.ErrnoException): never {
  const { code, message }: NodeJS.ErrnoException = process.stdout.errored ?? error;
  if (code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
  const why = code === 'ENOSPC' ? 'the disk is full' : message;
  terminal.note(`plat: the output could not be written: ${why}. Whatever the command changed stays changed.`);
  process.exit(EXIT_FAILED);
}

const terminal: Terminal = {
  env: process.env,
  hostName: hostname().toLowerCase(),
  homeFolder: homedir(),
  isRoot: process.getuid?.() === 0,
  signal: interrupt.signal,
  // A terminal that does not know its width says 0.
  columns: (process.stdout.isTTY && process.stdout.columns) || undefined,
  noteColumns: process.stderr.isTTY ? process.stderr.columns || 80 : undefined,
  readInput: () => textOf(addAbortSignal(interrupt.signal, process.stdin)),
  readChunks: () => addAbortSignal(interrupt.signal, process.stdin),
  print: (text) => process.stdout.write(`${text}\n`),
  write: (text) => process.stdout.write(text),
  send: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal: interrupt.signal });
  },
  note: (text) => process.stderr.write(`${process.stderr.isTTY ? CLEAR_LINE : ''}${text}\n`),
  // One style a time: given several, Node 20 colours pipes too.
  paint: (styles, text) => [styles].flat().reduce((painted, style) => styleText(style, painted, { stream: process.stdout }), text),
  progress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${text}`);
  },
  confirm: process.stdin.isTTY && process.stderr.isTTY ? confirm : undefined,
};

async function confirm(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // The prompt takes Ctrl-C away from the process.
  prompt.once('SIGINT', () => interrupt.abort());
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal: interrupt.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

const exitCode = await runCli(process.argv.slice(2), terminal);
// Waits for what is still on its way to a slow reader.
process.stdout.write('', (error) => (error ? endWithoutOutput(error) : process.exit(exitCode)));
