/** What was promised and what was seen. */

export interface Report {
  /** `seen`: the figure or finding, in words. */
  check(promise: string, kept: boolean, seen: string): void;
  /** A line below the table. */
  note(line: string): void;
  /** What is under way, told at once on standard error. */
  progress(line: string): void;
  readonly broken: readonly string[];
  text(): string;
}

export function newReport(): Report {
  const rows: { readonly promise: string; readonly kept: boolean; readonly seen: string }[] = [];
  const notes: string[] = [];
  const started = performance.now();
  const progress = (line: string) => {
    process.stderr.write(`${seconds(performance.now() - started).padStart(7)}  ${line}\n`);
  };
  return {
    check: (promise, kept, seen) => {
      rows.push({ promise, kept, seen });
      progress(`${kept ? 'kept' : 'BROKEN'}: ${promise}: ${seen}`);
    },
    note: (line) => {
      notes.push(line);
    },
    progress,
    get broken() {
      return rows.filter(({ kept }) => !kept).map(({ promise, seen }) => `${promise}: ${seen}`);
    },
    text: () => {
      const width = Math.max(0, ...rows.map(({ promise }) => promise.length));
      const lines = rows.map(({ promise, kept, seen }) => `${kept ? 'kept  ' : 'BROKEN'}  ${promise.padEnd(width)}  ${seen}`);
      return [...lines, ...(notes.length > 0 ? ['', ...notes] : []), ''].join('\n');
    },
  };
}

/** `12.3 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** The first few of a list, for a line of the table. */
export function some(list: readonly string[]): string {
  const shown = list.slice(0, 5).join(', ');
  return list.length === 0 ? 'none' : `${list.length}: ${shown}${list.length > 5 ? ', …' : ''}`;
}
