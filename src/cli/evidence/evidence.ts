/** What tells who is alive: files, or a Kubernetes API server; the options of every command that judges by it. */
import { type Command, Option } from 'commander';
import { type Inventory, mergedInventory } from '../../core/collect/inventory.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Cli } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { collectList } from '../options.ts';
import { type FileOptions, readEvidenceFiles } from './evidence-files.ts';
import type { SeenLists } from './seen-lists.ts';

export interface EvidenceOptions extends FileOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly inCluster?: true;
  readonly unlinkedNodes?: true;
}

export function evidenceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--in-use-from <file>',
        'who is alive: kubectl get --raw /api/v1/pods, crictl pods -o json, or a list; may be repeated',
      ).argParser(collectList),
    )
    .addOption(
      new Option('--nodes-from <file>', 'which nodes exist: kubectl get --raw /api/v1/nodes, or a list of names').argParser(collectList),
    )
    .option('--evidence-is-complete', 'you know that these files name all that lives: what is in none of them is gone')
    .option('--host <node>', 'the node that the list of crictl is from; only its addresses are judged')
    .option('--kubeconfig <file>', 'ask the Kubernetes API server that this file names')
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--in-cluster', 'ask the API server of the cluster that this pod runs in')
    .option('--unlinked-nodes', 'judge also nodes whose record is not linked to Kubernetes, by their names');
}

export interface Evidence {
  readonly inventory: Inventory;
  /** When it was taken, the oldest of what may be missing somebody: milliseconds since the Unix epoch. */
  readonly takenAtMs: number;
  /** When the files that may be missing somebody were listed; undefined: there are none. */
  readonly listedAtMs: number | undefined;
  /** To be remembered for the next look. */
  readonly lists: SeenLists;
  /** Files whose lists were seen before. */
  readonly repeated: readonly string[];
}

export function hasEvidence(options: EvidenceOptions): boolean {
  return hasFiles(options) || isLive(options);
}

function hasFiles({ nodesFrom, inUseFrom }: EvidenceOptions): boolean {
  return nodesFrom !== undefined || inUseFrom !== undefined;
}

/** It can be taken again at any time. */
export function isLive({ kubeconfig, inCluster }: EvidenceOptions): boolean {
  return kubeconfig !== undefined || inCluster === true;
}

/** An option about evidence that is not given would be passed over in silence. */
export function requireConsistent(options: EvidenceOptions): void {
  const { host, context, unlinkedNodes, inUseFrom, nodesFrom, kubeconfig } = options;
  if (host !== undefined && inUseFrom === undefined) throw new UsageError('--host belongs to --in-use-from.');
  if (context !== undefined && kubeconfig === undefined) throw new UsageError('--context belongs to --kubeconfig.');
  if (unlinkedNodes && nodesFrom === undefined && !isLive(options))
    throw new UsageError('--unlinked-nodes belongs to --nodes-from, --kubeconfig or --in-cluster.');
}

/** For commands that take something away because nobody is behind it. */
export function requireWhole(options: EvidenceOptions): void {
  requireConsistent(options);
  if (isLive(options) || !hasFiles(options) || options.evidenceIsComplete) return;
  throw new UsageError(
    'files protect whom they name; that everybody else is gone is believed only when you say that they name everybody, because a list does not tell which selector or namespace was asked for. Take lists of everything, such as kubectl get --raw /api/v1/pods, without -l, --field-selector, -n or --limit, and add --evidence-is-complete.',
  );
}

/** For looks that are taken several times in one run. */
export function requireFiles(options: EvidenceOptions): void {
  if (!readsInput(options)) return;
  throw new UsageError('standard input can be read only once, and this run looks several times. Give a file instead of -.');
}

function readsInput({ inUseFrom = [], nodesFrom = [] }: EvidenceOptions): boolean {
  return [...inUseFrom, ...nodesFrom].includes('-');
}

export interface Taking {
  readonly clock: Clock;
  /** Lists of earlier looks. */
  readonly seen?: SeenLists;
  readonly signal?: AbortSignal;
}

/** {@link takeEvidence} for one look: taken anew whenever the look has to begin anew, which standard input does not allow. */
export function evidenceTaker(cli: Cli, options: EvidenceOptions, taking: Taking): () => Promise<Evidence> {
  let wasTaken = false;
  return async () => {
    if (wasTaken && readsInput(options)) {
      throw new Refusal(
        'no-evidence',
        'reading the store had to begin anew, and standard input can be read only once. Run it again, or give a file instead of -.',
      );
    }
    wasTaken = true;
    return takeEvidence(cli, options, taking);
  };
}

/** Everything that the options name, as one inventory. A part that cannot be had is a refusal. */
export async function takeEvidence(cli: Cli, options: EvidenceOptions, { clock, seen = [], signal }: Taking): Promise<Evidence> {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const files = await readEvidenceFiles(cli, options, seen, nowMs);
  const parts = files.map((file) => file.inventory);
  if (isLive(options)) parts.push(await fromServer(cli, options, signal ?? cli.terminal.signal));
  const inventory = parts.reduce(mergedInventory, {});
  const nodes = inventory.nodes && options.unlinkedNodes ? { ...inventory.nodes, isComplete: true } : inventory.nodes;
  const lists = files.flatMap(({ list }) => list ?? []);
  const listTimes = lists.map(({ takenAtMs }) => takenAtMs);
  return {
    inventory: { ...inventory, ...(nodes && { nodes }) },
    takenAtMs: Math.min(nowMs, ...listTimes),
    listedAtMs: listTimes.length === 0 ? undefined : Math.min(...listTimes),
    lists,
    repeated: files.flatMap(({ repeated }) => repeated ?? []),
  };
}

async function fromServer(cli: Cli, { kubeconfig, context }: EvidenceOptions, signal: AbortSignal): Promise<Inventory> {
  const [{ ownCluster, readKubeconfig }, { inventoryOf }] = await Promise.all([import('./kubeconfig.ts'), import('./kubernetes.ts')]);
  const server = kubeconfig === undefined ? await ownCluster(cli.terminal.env) : await readKubeconfig(kubeconfig, context);
  return inventoryOf(server, signal);
}
