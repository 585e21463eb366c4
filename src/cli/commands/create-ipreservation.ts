import type { Command } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { NAMED } from '../format/output-shape.ts';
import { collectList } from '../options.ts';
import { printResult } from '../output.ts';
import { resourceObject } from '../resources/object.ts';

interface Options {
  readonly cidr: readonly string[];
  readonly dryRun?: true;
}

export const gives = NAMED;

/** `plat create ipreservation`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('<name>', 'name of the reservation')
    .requiredOption('--cidr <cidr>', 'addresses that nobody shall get, such as 10.244.0.0/30; may be repeated', collectList)
    .option('--dry-run', 'check everything, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: Options) => createReservation(cli, name, options));
}

const EXAMPLES = `
Addresses that are held already stay with their holders.

Examples:
  plat create ipreservation gateways --cidr 10.244.0.0/30 --cidr 10.244.255.254/32
  plat create reservation dns --cidr 10.244.0.10/32 --dry-run`;

async function createReservation(cli: Cli, name: string, { cidr, dryRun }: Options): Promise<void> {
  const input = { name, spec: { reservedCIDRs: cidr }, dryRun: dryRun === true, ...cli.call() };
  const reservation = await withIpam(cli, (ipam) => ipam.reservations.create(input), { create: true });
  await printResult(cli, {
    value: resourceObject('IPReservation', reservation),
    text: () => `ipreservation ${name} created${dryRun ? ' (dry run)' : ''}: ${reservation.spec.reservedCIDRs.join(', ')}`,
  });
}
