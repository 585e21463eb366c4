import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import type { OutputShape } from './format/output-shape.ts';

/** A command module: gives `command` its options, help and action. */
export interface CommandModule {
  /** Default: neither names nor columns. */
  readonly gives?: OutputShape;
  define(command: Command, cli: Cli): void;
}
