/** A unified diff of two texts, line by line. */

const CONTEXT = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** Empty when the texts are equal. `name` heads it, with `/dev/null` for a side that is not there. */
export function unifiedDiff(name: string, before: string | undefined, after: string | undefined): string {
  const lines = compare(linesOf(before), linesOf(after));
  if (lines.every(({ mark }) => mark === ' ')) return '';
  return [`--- ${before === undefined ? '/dev/null' : name}`, `+++ ${after === undefined ? '/dev/null' : name}`, ...hunks(lines)].join(
    '\n',
  );
}

function linesOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** The longest common subsequence stays, all else goes or comes. Resources are short: quadratic is quick. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const isSame = before[row] === after[column];
      common[row * width + column] = isSame ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const old = before[row];
    const next = after[column];
    if (old !== undefined && old === next) {
      lines.push({ mark: ' ', text: old });
      row++;
      column++;
    } else if (old !== undefined && (next === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ mark: '-', text: old });
      row++;
    } else {
      lines.push({ mark: '+', text: next ?? '' });
      column++;
    }
  }
  return lines;
}

/** Changes with their context; changes that share context are one hunk. */
function hunks(lines: readonly Line[]): readonly string[] {
  const told: string[] = [];
  let start = 0;
  while (start < lines.length) {
    const change = lines.findIndex(({ mark }, index) => index >= start && mark !== ' ');
    if (change === -1) break;
    const from = Math.max(change - CONTEXT, start);
    let end = change;
    let quiet = 0;
    while (end < lines.length && quiet <= 2 * CONTEXT) quiet = lines[end++]?.mark === ' ' ? quiet + 1 : 0;
    const to = end - Math.max(quiet - CONTEXT, 0);
    told.push(header(lines, from, to), ...lines.slice(from, to).map(({ mark, text }) => `${mark}${text}`));
    start = to;
  }
  return told;
}

function header(lines: readonly Line[], from: number, to: number): string {
  const count = (part: readonly Line[], other: '-' | '+') => part.filter(({ mark }) => mark !== other).length;
  const range = (other: '-' | '+') => {
    const length = count(lines.slice(from, to), other);
    const first = count(lines.slice(0, from), other) + (length === 0 ? 0 : 1);
    return length === 1 ? `${first}` : `${first},${length}`;
  };
  return `@@ -${range('+')} +${range('-')} @@`;
}
