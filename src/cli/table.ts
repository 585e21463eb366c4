/** Text tables: boxed as the `ipam` commands of calicoctl print them, blank-padded as `get` does. Cells are one line each. */

export interface Column {
  readonly heading: string;
  /** Values to the right; headings are always to the left. */
  readonly alignRight?: boolean;
}

type Row = readonly string[];

/** A table in a box; no line break at its end. */
export function boxedTable(columns: readonly Column[], rows: readonly Row[]): string {
  const widths = columnWidths(columns, rows);
  const border = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const heading = line(columns.map((column, index) => column.heading.padEnd(widths[index] ?? 0)));
  const body = rows.map((row) => line(padCells(columns, row, widths)));
  return [border, heading, border, ...body, border].join('\n');
}

/** A table without lines: three blanks between columns, none at line ends. */
export function paddedTable(columns: readonly Column[], rows: readonly Row[]): string {
  const widths = columnWidths(columns, rows);
  const headings = columns.map((column, index) => column.heading.padEnd(widths[index] ?? 0));
  return [headings, ...rows.map((row) => padCells(columns, row, widths))].map((cells) => cells.join('   ').trimEnd()).join('\n');
}

function columnWidths(columns: readonly Column[], rows: readonly Row[]): number[] {
  return columns.map((column, index) => rows.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), column.heading.length));
}

function padCells(columns: readonly Column[], row: Row, widths: readonly number[]): string[] {
  return columns.map((column, index) => {
    const text = row[index] ?? '';
    const width = widths[index] ?? 0;
    return column.alignRight ? text.padStart(width) : text.padEnd(width);
  });
}
