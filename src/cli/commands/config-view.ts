import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { printResult } from '../output.ts';
import { paddedTable } from '../table.ts';

/** `plat config view`. */
export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', EXAMPLES).action(() => viewConfig(cli));
}

const EXAMPLES = `
A flag wins over a variable, a variable over the configuration file, the file over the default. The file is YAML:

  store: etcds://10.0.0.1:2379,10.0.0.2:2379
  timeout: 10s
  output: wide
  logLevel: warn
  etcd:
    caFile: ca.pem              # beside this file
    certFile: client.pem
    keyFile: client.key
    username: plat
    passwordFile: password

Secrets are never shown.

Examples:
  plat config view
  plat config view --config ./plat.yaml -o json`;

async function viewConfig(cli: Cli): Promise<void> {
  const { listed, file } = cli.settings();
  await printResult(cli, {
    value: {
      file: file ?? null,
      items: listed.map(({ name, value, source }) => ({ name, value: value ?? null, source })),
    },
    text: () =>
      [
        file === undefined ? 'No configuration file.' : `Configuration file: ${file}`,
        paddedTable(
          [{ heading: 'SETTING' }, { heading: 'VALUE' }, { heading: 'FROM' }],
          listed.map(({ name, value, source }) => [name, value ?? '-', value === undefined ? '-' : source]),
        ),
      ].join('\n\n'),
  });
}
