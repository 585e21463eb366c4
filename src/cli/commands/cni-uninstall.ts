import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { IpamError } from '../../ipam/errors.ts';
import type { Cli } from '../cli.ts';
import { backupOf, restoreFile } from '../cni/files.ts';
import { usesPlat } from '../cni/network-list.ts';
import { printResult } from '../output.ts';

interface Options {
  readonly dir: string;
  readonly conf?: string;
  readonly dryRun?: boolean;
}

/** `plat cni uninstall`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--dir <folder>', 'folder of the CNI plugins', '/opt/cni/bin')
    .option('--conf <file>', 'network configuration to put back as it was before')
    .option('--dry-run', 'say what would be done, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => uninstall(cli, options));
}

const EXAMPLES = `
Puts back the backups that the installation made, and removes what had none. Containers that are still running need the plugin
when they end: drain the node first.

Examples:
  plat cni uninstall --conf /etc/cni/net.d/10-calico.conflist --dry-run
  plat cni uninstall --conf /etc/cni/net.d/10-calico.conflist`;

async function uninstall(cli: Cli, { dir, conf, dryRun = false }: Options): Promise<void> {
  if (conf !== undefined && existsSync(conf) && !usesPlat(readFileSync(conf, 'utf8'), conf))
    throw new IpamError(
      'conflict',
      `${conf} does not have plat as its IPAM (any more); it was left as it is. Name the file that the installation wrote.`,
      { details: { file: conf } },
    );
  // The configuration first: no runtime is then told to call what is not there.
  const files = [...(conf === undefined ? [] : [conf]), join(dir, 'plat')];
  const done = files.map((file) => ({ file, change: dryRun ? planned(file) : restoreFile(file) }));
  await printResult(cli, {
    value: { kind: 'CniInstallation', dryRun, files: done },
    text: () => done.map(({ file, change }) => `${file} ${change}`).join('\n'),
  });
}

function planned(file: string): string {
  if (existsSync(backupOf(file))) return 'would be restored';
  return existsSync(file) ? 'would be removed' : 'absent';
}
