/** What tells who is alive: files, or a Kubernetes API server; the options of every command that judges by it. */
import { readFile, stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Inventory, mergedInventory } from '../../core/collect/inventory.ts';
import { type ReadInventory, readInUse, readNodes } from '../../core/collect/inventory-text.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Cli } from '../cli.ts';
import { Refusal, UsageError } from '../errors.ts';
import { collectList } from '../options.ts';

export interface EvidenceOptions {
  readonly nodesFrom?: readonly string[];
  readonly inUseFrom?: readonly string[];
  readonly host?: string;
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
        'who is alive: kubectl get pods -A -o json, crictl pods -o json, or a list; may be repeated',
      ).argParser(collectList),
    )
    .addOption(new Option('--nodes-from <file>', 'which nodes exist: kubectl get nodes -o json, or a list of names').argParser(collectList))
    .option('--host <node>', 'the node that the list of crictl is from; only its addresses are judged')
    .option('--kubeconfig <file>', 'ask the Kubernetes API server that this file names')
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('--in-cluster', 'ask the API server of the cluster that this pod runs in')
    .option('--unlinked-nodes', 'judge also nodes whose record is not linked to Kubernetes, by their names');
}

export interface Evidence {
  readonly inventory: Inventory;
  /** When it was taken, the oldest part of it: milliseconds since the Unix epoch. */
  readonly takenAtMs: number;
}

export function hasEvidence({ nodesFrom, inUseFrom, kubeconfig, inCluster }: EvidenceOptions): boolean {
  return nodesFrom !== undefined || inUseFrom !== undefined || isLive({ kubeconfig, inCluster });
}

/** It can be taken again at any time. */
export function isLive({ kubeconfig, inCluster }: { kubeconfig?: string | undefined; inCluster?: true | undefined }): boolean {
  return kubeconfig !== undefined || inCluster === true;
}

/** Everything that the options name, as one inventory. A part that cannot be had whole is a {@link Refusal}. */
export async function takeEvidence(cli: Cli, options: EvidenceOptions, clock: Clock, signal = cli.terminal.signal): Promise<Evidence> {
  const nowMs = Number(clock.nowNs() / 1_000_000n);
  const parts: Evidence[] = [];
  for (const path of options.inUseFrom ?? []) parts.push(await fromFile(cli, { path, read: readInUse, nowMs, host: options.host }));
  for (const path of options.nodesFrom ?? []) parts.push(await fromFile(cli, { path, read: readNodes, nowMs, host: undefined }));
  if (isLive(options)) parts.push({ inventory: await fromServer(cli, options, signal), takenAtMs: nowMs });
  const inventory = parts.map((part) => part.inventory).reduce(mergedInventory, {});
  const nodes = inventory.nodes && options.unlinkedNodes ? { ...inventory.nodes, isComplete: true } : inventory.nodes;
  return { inventory: { ...inventory, ...(nodes && { nodes }) }, takenAtMs: Math.min(nowMs, ...parts.map(({ takenAtMs }) => takenAtMs)) };
}

async function fromServer(cli: Cli, { kubeconfig, context }: EvidenceOptions, signal: AbortSignal): Promise<Inventory> {
  const [{ ownCluster, readKubeconfig }, { inventoryOf }] = await Promise.all([import('./kubeconfig.ts'), import('./kubernetes.ts')]);
  const server = kubeconfig === undefined ? await ownCluster(cli.terminal.env) : await readKubeconfig(kubeconfig, context);
  return inventoryOf(server, signal);
}

interface FromFile {
  readonly path: string;
  readonly read: (text: string) => ReadInventory;
  readonly nowMs: number;
  readonly host: string | undefined;
}

async function fromFile(cli: Cli, { path, read, nowMs, host }: FromFile): Promise<Evidence> {
  const { text, takenAtMs } = path === '-' ? { text: await cli.terminal.readInput(), takenAtMs: nowMs } : await contentOf(path);
  const found = read(text);
  if (found.kind === 'bad') throw new Refusal('no-evidence', `${path} is no evidence: ${found.reason}.`, { file: path });
  if (found.isOfOneNode && host === undefined) {
    throw new UsageError(`${path} lists the sandboxes of one node. Say which: --host NODE`);
  }
  return { inventory: { ...found.inventory, ...(host !== undefined && found.inventory.inUse && { host }) }, takenAtMs };
}

async function contentOf(path: string): Promise<{ text: string; takenAtMs: number }> {
  try {
    const { mtimeMs } = await stat(path);
    return { text: await readFile(path, 'utf8'), takenAtMs: Math.floor(mtimeMs) };
  } catch (error) {
    throw new Refusal('no-evidence', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, { file: path });
  }
}
