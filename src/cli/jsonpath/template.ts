/** JSONPath templates as kubectl has them: text, paths in braces, `range` … `end`. */

export type Template = { readonly kind: 'template'; readonly parts: readonly Part[] };

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'range'; readonly path: Path; readonly body: readonly Part[] };

/** From the document (`$`), or from the current item of a `range` or filter: each step turns every value so far into any number. */
export interface Path {
  readonly fromRoot: boolean;
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'field'; readonly names: readonly string[] }
  /** From the end where negative. */
  | { readonly kind: 'index'; readonly indices: readonly number[] }
  | { readonly kind: 'slice'; readonly start: number | undefined; readonly end: number | undefined }
  | { readonly kind: 'wildcard' }
  /** `..`: the value itself and everything below it. */
  | { readonly kind: 'descend' }
  | {
      readonly kind: 'filter';
      readonly left: Operand;
      readonly comparison: { readonly operator: Operator; readonly right: Operand } | undefined;
    };

export const OPERATORS = ['==', '!=', '<=', '>=', '<', '>'] as const;
export type Operator = (typeof OPERATORS)[number];
export type Operand = Path | { readonly literal: string | number | boolean | null };
