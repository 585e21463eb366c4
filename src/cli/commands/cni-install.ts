import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError } from 'commander';
import { IpamError } from '../../ipam/errors.ts';
import type { Cli } from '../cli.ts';
import { backupOf, type FileChange, replaceFile } from '../cni/files.ts';
import { newNetworkList, withPlatIpam } from '../cni/network-list.ts';
import { printResult } from '../output.ts';

interface Options {
  readonly dir: string;
  readonly conf?: string;
  readonly binary?: string;
  readonly network: string;
  readonly main: string;
  readonly dryRun?: boolean;
}

/** `plat cni install`. */
export function define(command: Command, cli: Cli): void {
  command
    .option('--dir <folder>', 'folder of the CNI plugins', '/opt/cni/bin')
    .option('--conf <file>', 'network configuration: its IPAM becomes plat; a new one is written where there is none')
    .option('--binary <file>', 'the executable to install (default: the one this package was built with)')
    .option('--network <name>', 'name of a new network', parseName, 'plat')
    .option('--main <type>', 'main plugin of a new network', parseName, 'bridge')
    .option('--dry-run', 'say what would be written, and write nothing')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => install(cli, options));
}

const EXAMPLES = `
Files are replaced as a whole, by a rename; what was there before stays beside them as FILE.plat-backup. --store goes into the
configuration as ipam.store. Repeating it changes nothing more.

Examples:
  plat cni install
  plat cni install --conf /etc/cni/net.d/10-calico.conflist --dry-run
  plat cni install --conf /etc/cni/net.d/10-plat.conflist --network pods --store etcd://10.0.0.1:2379`;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function parseName(text: string): string {
  if (NAME.test(text)) return text;
  throw new InvalidArgumentError('Expected are letters, digits, "_", "." and "-", beginning with a letter or digit.');
}

/** Built by `npm run build:cni`. */
const BUILT = fileURLToPath(new URL('../../../dist/cni/plat', import.meta.url));
const EXECUTABLE_MODE = 0o755;
/** A store's address may be nobody else's business. */
const CONFIGURATION_MODE = 0o600;

interface Installed {
  readonly file: string;
  readonly change: FileChange | 'would be written' | 'would stay as it is';
}

async function install(cli: Cli, options: Options): Promise<void> {
  const binary = readBinary(options.binary ?? BUILT);
  const files: { file: string; content: Uint8Array; mode: number }[] = [
    { file: join(options.dir, 'plat'), content: binary, mode: EXECUTABLE_MODE },
  ];
  if (options.conf !== undefined)
    files.push({ file: options.conf, content: Buffer.from(configuration(cli, options, options.conf)), mode: CONFIGURATION_MODE });
  const installed = files.map(({ file, content, mode }): Installed => {
    if (!options.dryRun) return { file, change: replaceFile(file, content, mode) };
    const same = existsSync(file) && Buffer.compare(readFileSync(file), content) === 0;
    return { file, change: same ? 'would stay as it is' : 'would be written' };
  });
  const lines = installed.map(
    ({ file, change }) => `${file} ${change}${existsSync(backupOf(file)) ? `; backup in ${backupOf(file)}` : ''}`,
  );
  await printResult(cli, {
    value: { kind: 'CniInstallation', dryRun: options.dryRun ?? false, files: installed },
    text: () => lines.join('\n'),
  });
}

function readBinary(file: string): Buffer {
  if (existsSync(file)) return readFileSync(file);
  throw new IpamError('not-found', `there is no executable ${file}. Build it with: npm run build:cni, or name another one with --binary.`, {
    details: { file },
  });
}

function configuration(cli: Cli, { network, main }: Options, file: string): string {
  const { store } = cli.globals();
  if (store?.includes('@'))
    throw new IpamError(
      'invalid-argument',
      'the store must not have a user or password in it: the plugin takes them from ETCD_USERNAME and ETCD_PASSWORD.',
    );
  if (!existsSync(file)) return newNetworkList({ network, main, store });
  return withPlatIpam(readFileSync(file, 'utf8'), file, { store });
}
