/** What every command that takes something away has in common: `--dry-run`, a question on a terminal, `--yes` elsewhere. */
import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { Refusal } from './errors.ts';

export interface DestructiveOptions {
  readonly yes?: true;
  readonly dryRun?: true;
}

/** Gives `command` the shared options. */
export function destructiveOptions(command: Command): Command {
  return command
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('-y, --yes', 'do not ask; needed where nobody can be asked');
}

export interface Confirmation {
  /** Stable code of the refusal, such as `pool-in-use`. */
  readonly code: string;
  /** What will happen, in one or two sentences. */
  readonly facts: string;
  /** As in `Delete it?`. */
  readonly question: string;
  /** What else could be done instead, as a sentence; the refusal names `--yes` itself. */
  readonly instead?: string;
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Where nobody can be asked. Default `refuse`; `go on` where scripts of calicoctl's, or of a node, count on it. */
  readonly unattended?: 'refuse' | 'go on';
}

/** Whether somebody will be asked. */
export function willAsk({ terminal }: Cli, { yes, dryRun }: DestructiveOptions): boolean {
  return terminal.confirm !== undefined && !yes && !dryRun;
}

/** Returns when it may be done: `--yes`, or a yes on the terminal. Throws a {@link Refusal} else. Ask nothing for a dry run. */
export async function confirmDestructive(cli: Cli, options: DestructiveOptions, confirmation: Confirmation): Promise<void> {
  if (options.yes) return;
  const { code, facts, question, instead, details, unattended = 'refuse' } = confirmation;
  const answer = await cli.terminal.confirm?.(`${facts} ${question}`);
  if (answer === true || (answer === undefined && unattended === 'go on')) return;
  const why = answer === undefined ? '' : ' The answer was not yes.';
  throw new Refusal(
    code,
    `${facts}${why} Nothing was done. ${instead ? `${instead} ` : ''}To do it all the same, add --yes.`,
    details ?? {},
  );
}
