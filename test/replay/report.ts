/** The differences as text or JSON. */
import type { Allowance } from './allow.ts';
import { type Difference, KINDS, type Kind } from './differences.ts';

export interface Report {
  readonly store: string;
  readonly histories: number;
  readonly steps: number;
  readonly differences: readonly Difference[];
  /** Lines of the allow file, for a replayed history, that nothing came under. */
  readonly unusedAllowances: readonly Allowance[];
}

export function isClean(report: Report): boolean {
  return report.differences.every(({ kind }) => kind !== 'unexpected');
}

function countsByKind({ differences }: Report): ReadonlyMap<Kind, number> {
  return new Map([...KINDS.keys()].map((kind) => [kind, differences.filter((difference) => difference.kind === kind).length]));
}

/** One block of lines per difference, then the counts. */
export function reportText(report: Report): string {
  const summary = [...countsByKind(report)].map(([kind, count]) => `  ${String(count).padStart(6)}  ${kindText(kind)}`);
  const unused = report.unusedAllowances.map(
    ({ line, history, claim }) => `allow file line ${line} (${history} ${claim}) names no difference`,
  );
  const head = `${report.histories} histories, ${report.steps} steps on ${report.store}; differences:`;
  return [
    ...report.differences.map(differenceText),
    ...unused,
    head,
    ...summary,
    isClean(report) ? 'ok' : 'NOT ok: unexpected differences',
    '',
  ].join('\n');
}

export function reportJson(report: Report): string {
  const { store, histories, steps, differences } = report;
  const unusedAllowLines = report.unusedAllowances.map(({ line }) => line);
  const counts = Object.fromEntries(
    [...countsByKind(report)].map(([kind, count]) => [typeof kind === 'number' ? `kind${kind}` : kind, count]),
  );
  return `${JSON.stringify({ store, histories, steps, ok: isClean(report), counts, differences, unusedAllowLines }, undefined, 2)}\n`;
}

function kindText(kind: Kind): string {
  return typeof kind === 'number' ? `kind ${kind}: ${KINDS.get(kind)}` : kind;
}

function differenceText({ history, step, op, where, expected, got, kind, claim }: Difference): string {
  const [calico, ours] = excerpts(expected, got);
  const note = claim === undefined ? '' : ` (${claim})`;
  return `${history} step ${step} ${op}: ${kindText(kind)}${note}\n  at       ${where}\n  expected ${calico}\n  got      ${ours}`;
}

const CONTEXT = 60;

/** Both texts from a little before the first difference to a little after the last. */
function excerpts(expected: string, got: string): [string, string] {
  let same = 0;
  while (same < expected.length && expected[same] === got[same]) same++;
  let tail = 0;
  while (tail < Math.min(expected.length, got.length) - same && expected.at(-1 - tail) === got.at(-1 - tail)) tail++;
  const from = same > CONTEXT ? same - CONTEXT : 0;
  const keep = tail > CONTEXT ? tail - CONTEXT : 0;
  const cut = (text: string) =>
    `${from > 0 ? '…' : ''}${text.slice(from, text.length - keep)}${keep > 0 ? '…' : ''}`.replaceAll('\n', '\\n');
  return [cut(expected), cut(got)];
}
