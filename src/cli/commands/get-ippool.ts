import type { Command } from 'commander';
import type { PoolResource } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { CREATE_POOL_EXAMPLE, Refusal } from '../errors.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { resourceList, resourceObject } from '../resource.ts';
import { paddedTable } from '../table.ts';

/** `plat get ippool`. */
export function define(command: Command, cli: Cli): void {
  command
    .argument('[name]', 'name of the pool; without it, all')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined) => (name === undefined ? listPools(cli) : getPool(cli, name)));
}

const EXAMPLES = `
Examples:
  plat get ippools
  plat get ippool default-ipv4 -o yaml`;

async function getPool(cli: Cli, name: string): Promise<void> {
  const pool = await withIpam(cli, (ipam) => ipam.pools.get({ name, signal: cli.terminal.signal }));
  if (pool === undefined) throw new Refusal('not-found', `there is no IP pool '${name}'. See all with: plat get ippools`, { name });
  await printResult(cli, { value: resourceObject('IPPool', pool), text: () => poolTable([pool]) });
}

async function listPools(cli: Cli): Promise<void> {
  const onCorrupt = noteUnreadable(cli, 'the list leaves it out');
  const pools = await withIpam(cli, (ipam) => ipam.pools.list({ signal: cli.terminal.signal, onCorrupt }));
  await printResult(cli, {
    value: resourceList('IPPool', pools),
    text: () => (pools.length === 0 ? `No IP pools. Create one, for example: ${CREATE_POOL_EXAMPLE}` : poolTable(pools)),
  });
}

function poolTable(pools: readonly PoolResource[]): string {
  const headings = ['NAME', 'CIDR', 'BLOCKSIZE', 'ALLOWEDUSES', 'MODE', 'DISABLED', 'SELECTOR', 'NAMESPACESELECTOR'];
  const rows = pools.map(({ name, spec }) => [
    name,
    spec.cidr,
    String(spec.blockSize),
    spec.allowedUses.join(','),
    spec.assignmentMode,
    String(spec.disabled),
    spec.nodeSelector,
    spec.namespaceSelector,
  ]);
  return paddedTable(
    headings.map((heading) => ({ heading })),
    rows,
  );
}
