/** A JSONPath template over a document of plain JSON. */
import { unreachable } from '../../core/assert.ts';
import type { Operand, Operator, Part, Path, Step, Template } from './template.ts';

/** Values of a path and the texts between them; what is not there gives nothing, several values are parted by blanks. */
export function evaluate(template: Template, document: unknown): string {
  return print(template.parts, document, document);
}

/** Every value that the paths of the template name, in order. */
export function valuesOf(template: Template, document: unknown): readonly unknown[] {
  return template.parts.flatMap((part) => (part.kind === 'path' ? select(part.path, document, document) : []));
}

function print(parts: readonly Part[], root: unknown, current: unknown): string {
  return parts.map((part) => printPart(part, root, current)).join('');
}

function printPart(part: Part, root: unknown, current: unknown): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'path':
      return select(part.path, root, current).map(valueText).join(' ');
    case 'range':
      return select(part.path, root, current)
        .map((item) => print(part.body, root, item))
        .join('');
    default:
      return unreachable(part);
  }
}

/** Texts as they are, everything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function select({ fromRoot, steps }: Path, root: unknown, current: unknown): readonly unknown[] {
  return steps.reduce<readonly unknown[]>(
    (values, step) => values.flatMap((value) => take(step, value, root)),
    [fromRoot ? root : current],
  );
}

function take(step: Step, value: unknown, root: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return step.names.flatMap((name) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
    case 'index':
      return Array.isArray(value) ? step.indices.flatMap((index) => value.slice(index, index === -1 ? undefined : index + 1)) : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(step.start, step.end) : [];
    case 'wildcard':
      return children(value);
    case 'descend':
      return descendants(value);
    case 'filter':
      return children(value).filter((item) => holds(step, root, item));
    default:
      return unreachable(step);
  }
}

function holds({ left, comparison }: Extract<Step, { kind: 'filter' }>, root: unknown, item: unknown): boolean {
  const values = operandValues(left, root, item);
  if (!comparison) return values.length > 0;
  const others = operandValues(comparison.right, root, item);
  return values.length === 1 && others.length === 1 && compares(values[0], comparison.operator, others[0]);
}

function operandValues(operand: Operand, root: unknown, item: unknown): readonly unknown[] {
  return 'literal' in operand ? [operand.literal] : select(operand, root, item);
}

function compares(left: unknown, operator: Operator, right: unknown): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
  const other = right as typeof left;
  switch (operator) {
    case '<':
      return left < other;
    case '<=':
      return left <= other;
    case '>':
      return left > other;
    case '>=':
      return left >= other;
    default:
      return unreachable(operator);
  }
}

function children(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function descendants(value: unknown): readonly unknown[] {
  return [value, ...children(value).flatMap(descendants)];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
