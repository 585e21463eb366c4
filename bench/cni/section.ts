/** The part of docs/benchmarks.md that `npm run bench:cni` writes and `npm run bench` leaves alone. */

const HEADING = '## The CNI plugin';

/** The document with `section` (which begins with its heading) in place of the one it had, or before its last part. */
export function withSection(document: string, section: string): string {
  const parts = document.split(/^(?=## )/m);
  const at = parts.findIndex((part) => part.startsWith(`${HEADING}\n`));
  const text = `${section.trimEnd()}\n\n`;
  if (at >= 0) return [...parts.slice(0, at), text, ...parts.slice(at + 1)].join('');
  return [...parts.slice(0, -1), text, ...parts.slice(-1)].join('');
}

/** The section as it stands in a document; undefined when there is none. */
export function sectionOf(document: string): string | undefined {
  return document.split(/^(?=## )/m).find((part) => part.startsWith(`${HEADING}\n`));
}

export function sectionText(parts: readonly string[]): string {
  return [HEADING, ...parts].join('\n\n');
}
