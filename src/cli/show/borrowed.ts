/** `ipam show --show-borrowed`: addresses whose node is not the one that their block belongs to. */
import { compareCidrs, parseCidrMasked } from '../../core/addr.ts';
import type { BlockView, Ipam } from '../../ipam/api.ts';
import { type Cli, withIpam } from '../cli.ts';
import { noteUnreadable, printResult } from '../output.ts';
import { boxedTable } from '../table.ts';

interface Borrowed {
  readonly ip: string;
  readonly borrowingNode: string;
  readonly block: string;
  /** Null: the block belongs to nobody. */
  readonly blockOwner: string | null;
  readonly type: string;
  readonly allocatedTo: string;
}

interface Report {
  readonly borrowed: readonly Borrowed[];
  /** Addresses without a node, of which nothing can be said. */
  readonly withoutNode: number;
}

export async function showBorrowed(cli: Cli): Promise<void> {
  const report = await withIpam(cli, (ipam) => readBorrowed(cli, ipam));
  await printResult(cli, { value: { items: report.borrowed, withoutNode: report.withoutNode }, text: () => borrowedText(report) });
}

async function readBorrowed(cli: Cli, ipam: Ipam): Promise<Report> {
  const onCorrupt = noteUnreadable(cli, 'the list leaves it out');
  const blocks: { block: string; borrowed: readonly Borrowed[] }[] = [];
  let withoutNode = 0;
  for await (const block of ipam.listBlocks(cli.call())) {
    if ('corruptKey' in block) {
      onCorrupt(block.corruptKey, block.reason);
      continue;
    }
    // An address that cools belongs to nobody: nothing is to be said of its node.
    withoutNode += block.held.filter(({ attribute }) => attribute?.releasedAt === undefined && nodeOf(attribute) === undefined).length;
    const borrowed = borrowedOf(block);
    if (borrowed.length > 0) blocks.push({ block: block.cidr, borrowed });
  }
  return { borrowed: blocks.toSorted(byNetwork).flatMap((each) => each.borrowed), withoutNode };
}

type Held = BlockView['held'][number];

function nodeOf(attribute: Held['attribute']): string | undefined {
  return attribute?.secondary?.['node'];
}

function borrowedOf({ cidr, affinity, held }: BlockView): readonly Borrowed[] {
  const blockOwner = affinity === null ? null : affinity.slice(affinity.indexOf(':') + 1);
  return held.flatMap(({ ip, attribute }) => {
    const borrowingNode = nodeOf(attribute);
    if (borrowingNode === undefined || borrowingNode === blockOwner) return [];
    return [{ ip, borrowingNode, block: cidr, blockOwner, ...holderOf(attribute?.secondary ?? {}) }];
  });
}

function holderOf(attributes: Readonly<Record<string, string>>): Pick<Borrowed, 'type' | 'allocatedTo'> {
  const { namespace = '', pod, type = '' } = attributes;
  const machine = attributes['vmi-name'];
  if (machine !== undefined) return { type: 'vmi', allocatedTo: `${namespace}/${machine}` };
  return pod === undefined ? { type, allocatedTo: '' } : { type: 'pod', allocatedTo: `${namespace}/${pod}` };
}

function byNetwork(a: { block: string }, b: { block: string }): number {
  const [first, second] = [parseCidrMasked(a.block), parseCidrMasked(b.block)];
  return first && second ? compareCidrs(first, second) : 0;
}

function borrowedText({ borrowed, withoutNode }: Report): string {
  const headings = ['IP', 'BORROWING-NODE', 'BLOCK', 'BLOCK OWNER', 'TYPE', 'ALLOCATED-TO'];
  const table = boxedTable(
    headings.map((heading) => ({ heading })),
    borrowed.map(({ ip, borrowingNode, block, blockOwner, type, allocatedTo }) => [
      ip,
      borrowingNode,
      block,
      blockOwner ?? '',
      type,
      allocatedTo,
    ]),
  );
  if (withoutNode === 0) return table;
  return `${table}\n\nNote: found ${withoutNode} IP allocations without an explicit node association. Unable to determine if they are borrowed.`;
}
