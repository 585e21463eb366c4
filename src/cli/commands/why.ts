import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { printResult } from '../output.ts';

/** `plat why`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<ip>', 'the address')
    .addHelpText('after', EXAMPLES)
    .action((ip: string) => why(cli, ip));
}

const EXAMPLES = `
Pool, block and its owner, holder and since when, borrowed or not, cooling until when, reserved by what, next in line or not.

Examples:
  plat why 10.244.0.10
  plat why fd00:10:244::5 -o json`;

async function why(cli: Cli, ip: string): Promise<void> {
  const explanation = await withIpam(cli, (ipam) => ipam.explainIp({ ip, ...cli.call() }));
  await printResult(cli, { value: explanation, text: () => explanation.sentences.join('\n') });
}
