import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** A command module: gives `command` its options, help and action. */
export interface CommandModule {
  define(command: Command, cli: Cli): void;
}
