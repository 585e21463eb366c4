/** Tables as what they say, so that padding, and columns that another release of calicoctl lacks, make no difference. */

export type Row = Readonly<Record<string, string>>;

/** The rows of the first table in `text`, boxed (`ipam`) or padded with blanks (`get`), by heading. */
export function tableOf(text: string): readonly Row[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const isBoxed = lines[0]?.startsWith('+') === true;
  const rows = isBoxed ? lines.filter((line) => line.startsWith('|')).map(boxedCells) : paddedRows(lines);
  const [headings = [], ...others] = rows;
  return others.map((cells) => Object.fromEntries(headings.map((heading, index) => [heading, cells[index] ?? ''])));
}

function boxedCells(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

/** A column begins where its heading does. */
function paddedRows(lines: readonly string[]): readonly (readonly string[])[] {
  const end = lines.indexOf('');
  const table = end < 0 ? lines : lines.slice(0, end);
  const starts = [...(table[0] ?? '').matchAll(/\S+/g)].map(({ index }) => index);
  return table.map((line) => starts.map((start, index) => line.slice(start, starts[index + 1]).trim()));
}

/** `rows` with the columns of `like` alone. */
export function columnsLike(rows: readonly Row[], like: readonly Row[]): readonly Row[] {
  const headings = Object.keys(like[0] ?? {});
  return rows.map((row) => Object.fromEntries(headings.map((heading) => [heading, row[heading] ?? ''])));
}
