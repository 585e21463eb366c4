/** The allow file: one line for each step in which Calico is wrong on record and plat departs from it. */

/** Claims marked [W] in the catalogue of behaviours: what a better implementation does otherwise. */
const WRONG_CLAIMS: ReadonlySet<string> = new Set(
  (
    'BK-20 AI-06 AI-08 AI-12 AI-13 AI-14 AI-17 AI-18 AA-03 AA-12 AA-21 AA-22 AA-25 AA-26 AA-27 AA-29 AA-30 AA-31 AA-32 SA-03 ' +
    'MB-05 MB-07 MB-08 HD-02 HD-03 HD-04 HD-08 RI-02 RI-15 RI-16 RI-20 RH-04 RH-07 AT-02 AT-10 AF-09 AF-15 AF-16 AF-18 AF-20 ' +
    'EB-03 EB-08 RC-07 CD-08 RG-04 CR-05 CR-06 CR-08 CR-10 CR-11 CR-14 XR-02 XR-04 GU-06 GU-07 GU-08 CF-07 CF-08 CF-10 PV-06 ' +
    'PV-07 PV-10 CN-10 CN-16 CN-17 CN-19 GC-15'
  ).split(' '),
);

export class AllowError extends Error {}

/** One line of the file. */
export interface Allowance {
  readonly line: number;
  readonly history: string;
  readonly steps: ReadonlySet<number>;
  readonly claim: string;
}

/**
 * Reads lines of `history step claim`; the step may be a list of numbers and ranges (`3,5-7`). Blank lines and what follows
 * a `#` are comments. Throws {@link AllowError} for anything else, and for a claim that is not marked [W].
 */
export function parseAllowFile(text: string): Allowance[] {
  return text.split('\n').flatMap((full, index) => {
    const words = full.replace(/#.*/, '').trim().split(/\s+/).filter(Boolean);
    const line = index + 1;
    if (words.length === 0) return [];
    const [history, steps, claim, ...rest] = words;
    if (history === undefined || steps === undefined || claim === undefined || rest.length > 0) {
      throw new AllowError(`line ${line}: wanted "history step claim"`);
    }
    if (!WRONG_CLAIMS.has(claim)) throw new AllowError(`line ${line}: ${claim} is no claim marked [W]`);
    return [{ line, history, steps: stepsOf(steps, line), claim }];
  });
}

function stepsOf(text: string, line: number): ReadonlySet<number> {
  const steps = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (from === undefined || Number(to ?? from) < Number(from)) throw new AllowError(`line ${line}: ${part} is no step or range of steps`);
    for (let step = Number(from); step <= Number(to ?? from); step++) steps.add(step);
  }
  return steps;
}

export function allowanceFor(allowances: readonly Allowance[], history: string, step: number): Allowance | undefined {
  return allowances.find((allowance) => allowance.history === history && allowance.steps.has(step));
}
