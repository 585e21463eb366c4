import type { Command } from 'commander';
import type { Cli } from '../cli.ts';

interface Options {
  readonly pods?: string;
  readonly yes?: true;
}

/** `plat demo`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--pods <file>', "pods to place: what 'kubectl get pods -A -o json' prints, - for stdin (default: a sample)")
    .option('--yes', 'with --store: also in a store that has pools')
    .addHelpText('after', EXAMPLES)
    .action(async ({ pods, yes }: Options) => {
      const { runDemo } = await import('../demo/demo.ts');
      await runDemo(cli, { ...(pods !== undefined && { pods }), yes: yes === true });
    });
}

const EXAMPLES = `
Nodes place pods at the same time, in a temporary store that is removed at the end, or in the one that --store names.
PLAT_STORE does not count here.

Examples:
  plat demo
  kubectl get pods -A -o json | plat demo --pods -
  plat demo --store lmdb:/tmp/stage && plat --store lmdb:/tmp/stage ipam show --show-blocks`;
