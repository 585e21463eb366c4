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

A calicoctl.cfg (kind CalicoAPIConfig, datastore etcdv3) will do as well; its etcd then counts in place of the ETCD_ variables, as
calicoctl has it.

The store is that of --store, else of PLAT_STORE, else of the file (its etcd.endpoints, where it has no store), else the etcd that
calicoctl would use: ETCD_ENDPOINTS, or, with DATASTORE_TYPE=etcdv3 alone, http://127.0.0.1:2379. Else it is embedded, in a
folder of the user: ~/.local/state/plat, for root /var/lib/plat. CALICO_ETCD_ENDPOINTS,
and so on, win over the names without CALICO_.

Where an embedded store is not there, create, apply, replace, load, dump --to, ipam configure set and demo make it; other commands
refuse.

Secrets are never shown.

Examples:
  plat config view
  plat config view --config ./plat.yaml -o json
  plat config view -c /etc/calico/calicoctl.cfg`;

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
