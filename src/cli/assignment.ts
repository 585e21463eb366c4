/** Options that `assign` and `auto-assign` share, and what they ask of the library. */
import type { Command } from 'commander';
import type { AssignCommon } from '../ipam/api.ts';
import type { Cli } from './cli.ts';
import { collectPairs, parseOneOf, USES } from './options.ts';

const IF_HELD = ['refuse', 'return'] as const;

export interface AssignmentOptions {
  readonly host: string;
  readonly handle?: string;
  readonly attr?: Readonly<Record<string, string>>;
  readonly use?: (typeof USES)[number];
  readonly ifHeld?: (typeof IF_HELD)[number];
}

/** Gives `command` the shared options. */
export function assignmentOptions(command: Command, cli: Cli): Command {
  return command
    .option('--host <node>', 'the node that asks', cli.terminal.hostName)
    .option('--handle <id>', 'name of the holder: all its addresses are released together')
    .option('--attr <key=value>', 'a fact about the holder, such as pod=web-1; may be repeated', collectPairs)
    .option('--use <use>', `${USES.join(', ')} (default: Workload)`, parseOneOf(USES))
    .option('--if-held <action>', 'when the handle holds it already: refuse, or return it (default: refuse)', parseOneOf(IF_HELD));
}

/** The shared part of the request. `node` is set among the attributes: routes of borrowed addresses come from it. */
export function assignmentRequest(cli: Cli, { host, handle, attr, use, ifHeld }: AssignmentOptions): AssignCommon {
  return {
    host,
    registerNode: true,
    attrs: { node: host, ...attr },
    ...(handle !== undefined && { handle }),
    ...(use !== undefined && { use }),
    ...(ifHeld !== undefined && { ifHeld }),
    ...cli.call(),
  };
}
