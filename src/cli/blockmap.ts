/** The block map: who holds which address, one cell per address, one letter and one colour per node. */
import type { BlockMap, Cell, MapBlock, MapSection } from './blockcells.ts';
import { countCells } from './blockcells.ts';
import type { Style, Terminal } from './cli.ts';
import { countOf } from './quantity.ts';

type Painter = Pick<Terminal, 'paint' | 'columns'>;

/** Larger blocks, and all of IPv6, are shown as counts. */
const CELLS_MAX = 256;
const CELLS_PER_ROW = [64, 32, 16, 8] as const;
/** Columns assumed in a pipe. */
const PIPE_COLUMNS = 100;
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const FREE_CELL: Cell = { kind: 'free' };

/** A fill for addresses of the node's own blocks, and the same hue as ink for borrowed ones. */
const HUES: readonly { readonly own: Style; readonly borrowed: Style }[] = [
  { own: ['black', 'bgGreenBright'], borrowed: ['greenBright', 'underline'] },
  { own: ['black', 'bgYellowBright'], borrowed: ['yellowBright', 'underline'] },
  { own: ['black', 'bgCyanBright'], borrowed: ['cyanBright', 'underline'] },
  { own: ['black', 'bgMagentaBright'], borrowed: ['magentaBright', 'underline'] },
  { own: ['whiteBright', 'bgBlue'], borrowed: ['blueBright', 'underline'] },
  { own: ['black', 'bgRedBright'], borrowed: ['redBright', 'underline'] },
  { own: ['whiteBright', 'bgGreen'], borrowed: ['green', 'underline'] },
  { own: ['whiteBright', 'bgMagenta'], borrowed: ['magenta', 'underline'] },
  { own: ['whiteBright', 'bgCyan'], borrowed: ['cyan', 'underline'] },
  { own: ['whiteBright', 'bgRed'], borrowed: ['red', 'underline'] },
];
const COOLING_STYLE: Style = ['black', 'bgWhite'];

/** How a cell looks: one character, and its style where colours are shown. */
interface Glyph {
  readonly character: string;
  readonly style: Style | undefined;
}
const FREE: Glyph = { character: '.', style: 'dim' };
const COOLING: Glyph = { character: '~', style: COOLING_STYLE };
const UNKNOWN_HOLDER: Glyph = { character: '?', style: undefined };

/** Own and borrowed look of each node, in name order. With more nodes than letters, letters repeat. */
type Nodes = ReadonlyMap<string, { readonly own: Glyph; readonly borrowed: Glyph }>;

/** The picture; as wide as the terminal. */
export function renderBlockMap(map: BlockMap, painter: Painter): string {
  const blocks = map.sections.flatMap((section) => section.blocks);
  if (blocks.length === 0 && map.corrupt.length === 0) return 'No blocks yet: no address was ever assigned.';
  const nodes = lookOfNodes(blocks);
  const sections = map.sections.map((section) => renderSection(section, nodes, painter));
  const corrupt = map.corrupt.map(({ corruptKey, reason }) => `unreadable ${corruptKey}: ${reason}`);
  return [...sections, ...corrupt, legend(nodes, painter)].join('\n\n');
}

function lookOfNodes(blocks: readonly MapBlock[]): Nodes {
  const holders = blocks.flatMap(({ owner, cells }) => [owner, ...[...cells.values()].map((cell) => cell.kind === 'held' && cell.node)]);
  const names = [...new Set(holders)].filter((name) => typeof name === 'string');
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return new Map(
    names.map((name, index) => {
      const character = LETTERS[index % LETTERS.length] ?? '';
      const hue = HUES[index % HUES.length];
      return [name, { own: { character, style: hue?.own }, borrowed: { character: character.toLowerCase(), style: hue?.borrowed } }];
    }),
  );
}

function glyphOf(cell: Cell, nodes: Nodes): Glyph {
  switch (cell.kind) {
    case 'free':
      return FREE;
    case 'cooling':
      return COOLING;
    case 'held': {
      const look = cell.node === undefined ? undefined : nodes.get(cell.node);
      return (cell.borrowed ? look?.borrowed : look?.own) ?? UNKNOWN_HOLDER;
    }
  }
}

function renderSection({ pool, blocks }: MapSection, nodes: Nodes, painter: Painter): string {
  const { held, borrowed, cooling } = countCells(blocks);
  const facts = [
    countOf(blocks.length, 'block'),
    `${countOf(held, 'address', 'addresses')} held`,
    ...(borrowed > 0 ? [`${borrowed} borrowed`] : []),
    ...(cooling > 0 ? [`${cooling} cooling`] : []),
  ].join(', ');
  const title = painter.paint('bold', pool ? `${pool.name}  ${pool.cidr.text}` : 'outside all pools');
  const cidrWidth = blocks.reduce((width, { network }) => Math.max(width, network.text.length), 0);
  const lines = blocks.flatMap((block) => renderBlock(block, nodes, painter, cidrWidth));
  return [`${title}  ${facts}`, ...lines].join('\n');
}

/** Owner's letter, network, and the cells, or counts where there are too many cells to see anything. */
function renderBlock({ network, owner, size, cells }: MapBlock, nodes: Nodes, painter: Painter, cidrWidth: number): readonly string[] {
  const ownerGlyph = owner === undefined ? { character: '-', style: undefined } : (nodes.get(owner)?.own ?? UNKNOWN_HOLDER);
  const label = `  ${paintGlyph(ownerGlyph, 1, painter)} ${network.text.padEnd(cidrWidth)}  `;
  const indent = ' '.repeat(cidrWidth + 6);
  if (network.version === 6 || size > CELLS_MAX) {
    return wrap(glyphCounts(cells, size, nodes, painter), painter, indent).map((line, index) => (index === 0 ? label : indent) + line);
  }
  const glyphs = Array.from({ length: size }, (_, ordinal) => glyphOf(cells.get(ordinal) ?? FREE_CELL, nodes));
  const room = (painter.columns ?? PIPE_COLUMNS) - indent.length;
  const perRow = CELLS_PER_ROW.find((width) => width <= room) ?? 8;
  return chunks(glyphs, perRow).map((row, index) => (index === 0 ? label : indent) + paintRow(row, painter));
}

/** `A 28`, `b 2`, `~ 5`, `. 29`: how many addresses look like this. */
function glyphCounts(cells: MapBlock['cells'], size: number, nodes: Nodes, painter: Painter): readonly Word[] {
  const counts = new Map<Glyph, number>();
  for (const cell of cells.values()) {
    const glyph = glyphOf(cell, nodes);
    counts.set(glyph, (counts.get(glyph) ?? 0) + 1);
  }
  if (cells.size < size) counts.set(FREE, size - cells.size);
  return [...counts]
    .sort(([a], [b]) => rank(a) - rank(b) || a.character.localeCompare(b.character))
    .map(([glyph, count]) => ({
      text: `${paintGlyph(glyph, 1, painter)} ${count}`,
      width: 2 + String(count).length,
    }));
}

/** Nodes first, then unknown, cooling, free. */
function rank(glyph: Glyph): number {
  return [UNKNOWN_HOLDER, COOLING, FREE].indexOf(glyph);
}

function legend(nodes: Nodes, painter: Painter): string {
  const byLook = [...nodes].map(([name, { own }]) => ({ text: `${paintGlyph(own, 1, painter)} ${name}`, width: name.length + 2 }));
  const first = [...nodes.values()][0];
  const marks = [
    ...(first ? [{ glyph: first.borrowed, meaning: 'small letter: borrowed from a block of another node' }] : []),
    { glyph: COOLING, meaning: 'cooling after release' },
    { glyph: FREE, meaning: 'free' },
  ].map(({ glyph, meaning }) => ({ text: `${paintGlyph(glyph, 1, painter)} ${meaning}`, width: meaning.length + 2 }));
  return [...wrap(byLook, painter, ''), ...wrap(marks, painter, '')].join('\n');
}

/** Text of which the terminal shows `width` columns; escape sequences take none. */
interface Word {
  readonly text: string;
  readonly width: number;
}

/** Words in lines that fit beside `indent`, three blanks between words. */
function wrap(words: readonly Word[], painter: Painter, indent: string): readonly string[] {
  const room = (painter.columns ?? PIPE_COLUMNS) - indent.length;
  const lines: { words: string[]; width: number }[] = [];
  for (const { text, width } of words) {
    const line = lines.at(-1);
    if (line && line.width + 3 + width <= room) {
      line.words.push(text);
      line.width += 3 + width;
    } else lines.push({ words: [text], width });
  }
  return lines.map((line) => line.words.join('   '));
}

/** Cells beside each other that look the same are painted in one go. */
function paintRow(glyphs: readonly Glyph[], painter: Painter): string {
  const runs: { glyph: Glyph; length: number }[] = [];
  for (const glyph of glyphs) {
    const run = runs.at(-1);
    if (run?.glyph === glyph) run.length++;
    else runs.push({ glyph, length: 1 });
  }
  return runs.map(({ glyph, length }) => paintGlyph(glyph, length, painter)).join('');
}

function paintGlyph({ character, style }: Glyph, times: number, painter: Painter): string {
  const text = character.repeat(times);
  return style === undefined ? text : painter.paint(style, text);
}

function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
