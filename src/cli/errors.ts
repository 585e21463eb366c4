/** Whatever a command rejects with, as one paragraph for a person or one object for a program, and an exit code. */
import { CommanderError } from 'commander';
import { IpamError } from '../ipam/errors.ts';
import { StoreUrlError } from '../store/open.ts';
import { StoreError } from '../store/port.ts';
import { withNextCommand } from './next-command.ts';

export const EXIT_OK = 0;
/** Refused, or it failed. */
export const EXIT_FAILED = 1;
/** The command line is wrong. */
const EXIT_USAGE = 2;
/** What a shell reports for a process that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** For messages where there is no pool yet. */
export const CREATE_POOL_EXAMPLE = 'plat create ippool default-ipv4 --cidr 10.244.0.0/16';

/** The command line asks for something that makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command decided not to go on; `code` as in {@link IpamError}. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The answer to a question is no, and was printed: nothing more is said. */
export class AnswerIsNo extends Error {
  override readonly name = 'AnswerIsNo';
}

export interface Failure {
  readonly code: string;
  /** `undefined` when everything was said already (help, version, an answer). */
  readonly message: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly exitCode: number;
}

/** What to tell about `error`. `helpCommand` is named where the command line is wrong; `isInterrupted`: the user ended it. */
export function failureOf(error: unknown, helpCommand: string, isInterrupted = false): Failure {
  if (isInterrupted && isBrokenOff(error)) return interrupted(error.details);
  if (error instanceof CommanderError) return commanderFailure(error, helpCommand);
  if (error instanceof UsageError || error instanceof StoreUrlError) return failure('usage', error.message, {}, EXIT_USAGE);
  if (error instanceof AnswerIsNo) return failure('no', undefined, {}, EXIT_FAILED);
  if (error instanceof Refusal) return failure(error.code, error.message, error.details, EXIT_FAILED);
  if (error instanceof IpamError) return libraryFailure(error, error.details, helpCommand);
  if (error instanceof StoreError) return libraryFailure(error, {}, helpCommand);
  // What Node's own calls reject with when the signal aborts.
  if (error instanceof Error && error.name === 'AbortError') return interrupted({});
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return failure('bug', `this is a bug in plat; please report it with what follows: ${message}`, {}, EXIT_FAILED);
}

/** An operation of several commits which the same again continues: whether the last commit happened makes no difference. */
function isBrokenOff(error: unknown): error is IpamError {
  return error instanceof IpamError && error.code === 'outcome-unknown' && 'progress' in error.details;
}

function libraryFailure({ code, message }: IpamError | StoreError, details: Failure['details'], helpCommand: string): Failure {
  if (code === 'aborted') return interrupted(details);
  const told = withNextCommand(code, message, details, helpCommand);
  return failure(code, told, details, code === 'invalid-argument' ? EXIT_USAGE : EXIT_FAILED);
}

/** `details.progress`: what an operation of several changes had done. */
function interrupted(details: Failure['details']): Failure {
  const { progress } = details;
  const message = 'interrupted. Nothing is half done: each change happened whole, or not at all.';
  return failure('aborted', typeof progress === 'string' ? `${message} ${progress}` : message, details, EXIT_INTERRUPTED);
}

function commanderFailure(error: CommanderError, helpCommand: string): Failure {
  if (error.exitCode === 0) return failure(error.code, undefined, {}, EXIT_OK);
  if (error.code === 'commander.help') return failure(error.code, undefined, {}, EXIT_USAGE);
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n\((Did you mean .*)\)$/, '. $1')
    .replace(/(?<![.?])$/, '.');
  return failure('usage', `${message} See: ${helpCommand}`, {}, EXIT_USAGE);
}

function failure(code: string, message: string | undefined, details: Failure['details'], exitCode: number): Failure {
  return { code, message, details, exitCode };
}
