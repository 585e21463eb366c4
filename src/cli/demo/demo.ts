/** The demo as a story: pools, pods, the picture, a node drained, the picture again. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Ipam } from '../../ipam/api.ts';
import { systemClock } from '../../platform/clock.ts';
import { readBlockMap } from '../blockcells.ts';
import { renderBlockMap } from '../blockmap.ts';
import type { Cli } from '../cli.ts';
import { Refusal } from '../errors.ts';
import { isForPeople, printResult } from '../output.ts';
import { poolBlocksText } from '../pool-text.ts';
import { countOf } from '../quantity.ts';
import { utilizationTable, utilizationValue } from '../utilization.ts';
import { type DemoPool, planPools } from './plan.ts';
import { type Pod, type PodList, parsePodList } from './pods.ts';
import { type Placement, placePods, podsByNode, prepare, releasePods, utilizationOf } from './scenario.ts';
import { withDemoStore } from './store.ts';

/** Ships with the package; the same path from src/ and from dist/. */
const SAMPLE_PODS = new URL('../../../docs/examples/pods.json', import.meta.url);

export interface DemoOptions {
  /** File with a list of pods, `-` for stdin; the sample when absent. */
  readonly pods?: string;
  /** Also in a store that has pools. */
  readonly yes: boolean;
}

/** Runs the demo and prints it: as it happens for people, in one piece for programs. */
export async function runDemo(cli: Cli, options: DemoOptions): Promise<void> {
  const list = await readPods(cli, options.pods);
  const isStory = isForPeople(cli);
  const tell = isStory ? cli.terminal.print : () => {};
  const value = await withDemoStore(cli, options.yes, (ipam, place) => {
    tell(introduction(list, place));
    return play(cli, ipam, list, tell);
  });
  if (isStory) tell(ENDING);
  else await printResult(cli, { value, text: () => '' });
}

async function readPods(cli: Cli, file: string | undefined): Promise<PodList> {
  if (file === '-') return parsePodList(await cli.terminal.readInput(), 'stdin');
  const source = file ?? fileURLToPath(SAMPLE_PODS);
  const text = await readFile(source, 'utf8').catch((error: Error) => {
    throw new Refusal('file', `the list of pods cannot be read: ${error.message}.`, { file: source });
  });
  return parsePodList(text, source);
}

/** The acts, each told when it is over; gives the final numbers. */
async function play(cli: Cli, ipam: Ipam, list: PodList, tell: (text: string) => void): Promise<object> {
  const { signal } = cli.terminal;
  const nodes = podsByNode(list.pods);
  const pools = planPools(list.pods.length, nodes.size);
  await prepare(ipam, pools, signal);
  tell(poolsText(pools));

  const startMs = systemClock.monotonicMs();
  const placements = await placePods(ipam, nodes, { signal, placed: progressOf(cli, list.pods.length) });
  cli.terminal.progress('');
  tell(placementText(placements, nodes.size, systemClock.monotonicMs() - startMs));
  const full = await utilizationOf(ipam, pools, signal);
  tell(`${await picture(cli, ipam)}\n\n${utilizationTable(full, { withBlocks: false })}\n`);

  const [drained, drainedPods] = largest(nodes);
  const released = await releasePods(ipam, drainedPods, signal);
  tell(drainText(drained, drainedPods.length, released));
  const after = await utilizationOf(ipam, pools, signal);
  tell(`${await picture(cli, ipam)}\n\n${utilizationTable(after, { withBlocks: false })}\n`);

  return {
    pods: { placed: list.pods.length, skipped: list.skipped },
    nodes: [...nodes].map(([name, pods]) => ({ name, ...nodeNumbers(placements, pods) })),
    pools: utilizationValue(full, { withBlocks: true }),
    drained: { node: drained, pods: drainedPods.length, addressesReleased: released },
    poolsAfter: utilizationValue(after, { withBlocks: true }),
  };
}

async function picture(cli: Cli, ipam: Ipam): Promise<string> {
  return renderBlockMap(await readBlockMap(ipam, cli.call()), cli.terminal);
}

function progressOf(cli: Cli, total: number): () => void {
  let placed = 0;
  return () => cli.terminal.progress(`placing pods: ${++placed} of ${total}`);
}

function largest(nodes: ReadonlyMap<string, readonly Pod[]>): readonly [string, readonly Pod[]] {
  return [...nodes].reduce((most, candidate) => (candidate[1].length > most[1].length ? candidate : most));
}

function nodeNumbers(placements: readonly Placement[], pods: readonly Pod[]): object {
  const own = new Set(pods);
  const addresses = placements.filter(({ pod }) => own.has(pod)).flatMap((placement) => placement.addresses);
  return {
    pods: pods.length,
    addresses: addresses.length,
    blocks: new Set(addresses.map(({ block }) => block)).size,
    borrowed: addresses.filter(({ borrowed }) => borrowed).length,
  };
}

function introduction({ pods, skipped }: PodList, place: string): string {
  const without = [
    countOf(skipped.hostNetwork, 'uses the host network', 'use the host network'),
    countOf(skipped.finished, 'has finished', 'have finished'),
    countOf(skipped.pending, 'waits for a node', 'wait for a node'),
  ];
  return `Store: ${place}.\nPods that need an address: ${pods.length}. Others of the list: ${without.join(', ')}.\n`;
}

function poolsText(pools: readonly DemoPool[]): string {
  return ['Pools:', ...pools.map(({ name, spec }) => `  ${name}  ${spec.cidr} in ${poolBlocksText(spec)}`), ''].join('\n');
}

function placementText(placements: readonly Placement[], nodes: number, milliseconds: number): string {
  const addresses = placements.flatMap((placement) => placement.addresses);
  const borrowed = addresses.filter((address) => address.borrowed).length;
  return (
    `${countOf(nodes, 'node')} placed ${countOf(placements.length, 'pod')} at the same time, in ${(milliseconds / 1_000).toFixed(1)} s.\n` +
    `${countOf(addresses.length, 'address', 'addresses')}, ${borrowed} of them borrowed from blocks of other nodes; each was durable before its pod got it.\n`
  );
}

function drainText(node: string, pods: number, released: number): string {
  return (
    `The ${countOf(pods, `pod of ${node} is`, `pods of ${node} are`)} gone: ${countOf(released, 'address', 'addresses')} released.\n` +
    'They cool down before anybody gets them again, and count as in use until then.\n'
  );
}

const ENDING = `Now your own: plat create ippool default-ipv4 --cidr 10.244.0.0/16
              plat ipam auto-assign --host worker-1 --handle pod-a
              plat ipam show --map`;
