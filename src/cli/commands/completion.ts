import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';

/** `plat completion`. */
export function define(command: Command, cli: Cli): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => cli.terminal.print(completionScript(shell)));
}

const EXAMPLES = `
Completes commands, options, their values, and names of pools, nodes and reservations out of the store in effect.

Examples:
  plat completion bash > ~/.plat-completion && . ~/.plat-completion     # this shell
  plat completion bash > /etc/bash_completion.d/plat                   # every bash
  plat completion zsh > "\${fpath[1]}/_plat"
  plat completion fish > ~/.config/fish/completions/plat.fish`;
