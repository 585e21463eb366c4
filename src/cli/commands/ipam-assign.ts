import type { Command } from 'commander';
import { type AssignmentOptions, assignmentOptions, assignmentRequest } from '../assignment.ts';
import { type Cli, withIpam } from '../cli.ts';
import { printResult } from '../output.ts';

interface Options extends AssignmentOptions {
  readonly ip: string;
}

/** `plat ipam assign`. */
export function define(command: Command, cli: Cli): void {
  command.requiredOption('--ip <address>', 'the address');
  assignmentOptions(command, cli)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => assign(cli, options));
}

const EXAMPLES = `
Examples:
  plat ipam assign --ip 10.244.0.10 --host worker-1 --handle pod-a
  plat ipam assign --ip 10.244.0.10 --handle pod-a --if-held return   # again is no error`;

async function assign(cli: Cli, options: Options): Promise<void> {
  const request = { ...assignmentRequest(cli, options), ip: options.ip };
  const address = await withIpam(cli, (ipam) => ipam.assignIp(request));
  await printResult(cli, {
    value: { ips: [address.ip], blocks: [address.block], handle: options.handle ?? null },
    text: () => `${address.ip} assigned to ${request.host}, block ${address.block}${address.existing ? ' (held before)' : ''}`,
  });
}
