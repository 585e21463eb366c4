import type { Command } from 'commander';
import { Option } from 'commander';
import { type Cli, withIpam } from '../cli.ts';
import { UsageError } from '../errors.ts';
import { collectList } from '../options.ts';
import { printResult, type Result } from '../output.ts';
import { countOf } from '../quantity.ts';

interface Options {
  readonly ip?: readonly string[];
  readonly handle?: string;
}

/** `plat ipam release`. */
export function define(command: Command, cli: Cli): void {
  command
    .addOption(new Option('--ip <address>', 'an address, whoever holds it; may be repeated').argParser(collectList).conflicts('handle'))
    .option('--handle <id>', 'everything this handle holds')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => release(cli, options));
}

const EXAMPLES = `
Releasing what nobody holds changes nothing and is no error: a repeated release finds it done.

Examples:
  plat ipam release --handle pod-a
  plat ipam release --ip 10.244.0.10 --ip 10.244.0.11`;

async function release(cli: Cli, { ip, handle }: Options): Promise<void> {
  if (handle !== undefined) return printResult(cli, await releaseHandle(cli, handle));
  if (ip !== undefined) return printResult(cli, await releaseAddresses(cli, ip));
  throw new UsageError('nothing was named. Give --ip ADDRESS, once or more, or --handle ID.');
}

async function releaseHandle(cli: Cli, handle: string): Promise<Result> {
  const { found, released } = await withIpam(cli, (ipam) => ipam.releaseByHandle({ handle, signal: cli.terminal.signal }));
  return {
    value: { handle, found, released },
    text: () =>
      found
        ? [...released.map(releasedText), `${countOf(released.length, 'address', 'addresses')} of handle '${handle}' released`].join('\n')
        : `handle '${handle}' holds nothing`,
  };
}

async function releaseAddresses(cli: Cli, ips: readonly string[]): Promise<Result> {
  const request = { ips: ips.map((ip) => ({ ip })), signal: cli.terminal.signal };
  const { released, unallocated } = await withIpam(cli, (ipam) => ipam.releaseIps(request));
  const free = new Set(unallocated);
  return {
    value: { released: released.filter((ip) => !free.has(ip)), unallocated },
    text: () => ips.map((ip) => (free.has(ip) ? `${ip} is not assigned` : releasedText(ip))).join('\n'),
  };
}

function releasedText(ip: string): string {
  return `Successfully released IP address ${ip}`;
}
