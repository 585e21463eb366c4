/** Behaviour ids in the titles of tests, read from their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Tests whose titles count: those of the library and of what is around it. */
const FOLDER = 'test';
const ID = /\b(?:BM|BK|AI|AA|PL|SA|MB|RS|HD|RI|RH|IH|AT|AF|EB|RC|CD|RG|CR|XR|GU|CF|PV|CN|GC|WT)-\d\d\b/g;

/** Ids by test file; a title with a place for a value counts with the texts of its table. */
export function idsInTitles(): ReadonlyMap<string, ReadonlySet<string>> {
  const paths = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.test.ts'));
  return new Map(
    paths.map((path) => {
      const name = join(FOLDER, path);
      return [name, new Set(titlesOf(name).flatMap((title) => title.match(ID) ?? []))] as const;
    }),
  );
}

function titlesOf(path: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) titles.push(...titlesOfCall(node));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023));
  return titles;
}

/** `it('title', …)` or `it.each(table)('title', …)`; nothing for any other call. */
function titlesOfCall({ expression, arguments: [title] }: ts.CallExpression): string[] {
  if (!title || !ts.isStringLiteralLike(title)) return [];
  if (ts.isIdentifier(expression)) return expression.text === 'it' ? [title.text] : [];
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return [];
  const { expression: callee, name } = expression.expression;
  if (!ts.isIdentifier(callee) || callee.text !== 'it' || name.text !== 'each') return [];
  return [title.text, ...(title.text.includes('%s') ? textsIn(expression.arguments[0]) : [])];
}

function textsIn(node: ts.Node | undefined): string[] {
  if (!node) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  const texts: string[] = [];
  ts.forEachChild(node, (child) => {
    texts.push(...textsIn(child));
  });
  return texts;
}
