import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { IpamError } from '../../ipam/errors.ts';
import type { Cli } from '../cli.ts';
import { backupOf, restoreFile } from '../cni/files.ts';
import { usesPlat } from '../cni/network-list.ts';
import { confirmDestructive, type DestructiveOptions } from '../confirm.ts';
import { printResult } from '../output.ts';

interface Options extends DestructiveOptions {
  readonly dir: string;
  readonly conf?: string;
}

/** `plat cni uninstall`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--dir <folder>', 'folder of the CNI plugins', '/opt/cni/bin')
    .option('--conf <file>', 'network configuration to put back as it was before')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('-y, --yes', 'do not ask on a terminal')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => uninstall(cli, options));
}

const EXAMPLES = `
Puts back the backups that the installation made, and removes what had none. Containers that are still running need the plugin
when they end: drain the node first. On a terminal it asks; in a pipe it goes on, as hooks of nodes need it.

Examples:
  plat cni uninstall --conf /etc/cni/net.d/10-calico.conflist --dry-run
  plat cni uninstall --conf /etc/cni/net.d/10-calico.conflist`;

async function uninstall(cli: Cli, { dir, conf, ...options }: Options): Promise<void> {
  const dryRun = options.dryRun === true;
  refuseForeign(conf);
  // The configuration first: no runtime is then told to call what is not there.
  const files = [...(conf === undefined ? [] : [conf]), join(dir, 'plat')];
  const plans = files.map((file) => ({ file, change: planned(file) }));
  if (!dryRun && plans.some(({ change }) => change !== 'absent')) {
    const facts = `${plans.map(({ file, change }) => `${file} ${change}`).join(', ')}. Containers that still run need the plugin when they end.`;
    await confirmDestructive(cli, options, { code: 'not-confirmed', facts, question: 'Uninstall?', unattended: 'go on' });
    // Somebody may have given it another IPAM before the answer.
    refuseForeign(conf);
  }
  const done = dryRun ? plans : files.map((file) => ({ file, change: restoreFile(file) }));
  await printResult(cli, {
    value: { kind: 'CniInstallation', dryRun, files: done },
    text: () => done.map(({ file, change }) => `${file} ${change}`).join('\n'),
  });
}

function refuseForeign(conf: string | undefined): void {
  if (conf === undefined || !existsSync(conf) || usesPlat(readFileSync(conf, 'utf8'), conf)) return;
  throw new IpamError(
    'conflict',
    `${conf} does not have plat as its IPAM (any more); it was left as it is. Name the file that the installation wrote.`,
    { details: { file: conf } },
  );
}

function planned(file: string): string {
  if (existsSync(backupOf(file))) return 'would be restored';
  return existsSync(file) ? 'would be removed' : 'absent';
}
