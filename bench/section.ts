/** Parts of docs/benchmarks.md that programs of their own write, and `npm run bench` leaves alone. */

export const CNI_HEADING = '## The CNI plugin';
export const UPKEEP_HEADING = "## Operators' commands";

const HEADINGS: readonly string[] = [CNI_HEADING, UPKEEP_HEADING];

/** The document with `section`, whose first line is its heading, in place of the one it had, or before its last part. */
export function withSection(document: string, section: string): string {
  const parts = partsOf(document);
  const at = parts.findIndex((part) => headingOf(part) === headingOf(section));
  const text = `${section.trimEnd()}\n\n`;
  if (at >= 0) return [...parts.slice(0, at), text, ...parts.slice(at + 1)].join('');
  return [...parts.slice(0, -1), text, ...parts.slice(-1)].join('');
}

/** The sections as they stand in a document, in its order. */
export function sectionsOf(document: string): string[] {
  return partsOf(document).filter((part) => HEADINGS.includes(headingOf(part)));
}

function partsOf(document: string): string[] {
  return document.split(/^(?=## )/m);
}

function headingOf(part: string): string {
  return part.split('\n', 1)[0] ?? '';
}
