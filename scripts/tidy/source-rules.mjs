/** Rules over the syntax of TypeScript sources: what may stand where. */
import ts from 'typescript';
import { matching } from './project.mjs';

const HOST_FILES = /^src\/platform\/|(^|\/)main\.ts$/;
const KEY_FILE = 'src/store/keys.ts';
const KEY_LITERAL = /^\/(calico|plat)(\/|$)/;
const HOST_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'process.argv', 'process.env', 'process.exit']);
const TIMERS = new Set(['setTimeout', 'setInterval']);
const HOST_MODULES = new Set(['node:process', 'node:timers', 'node:timers/promises']);
const NEVER_IN_TESTS = new Set(['only', 'todo']);
const WITH_REASON_IN_TESTS = new Set(['skip', 'skipIf', 'runIf']);
const TEST_FUNCTIONS = new Set(['it', 'test', 'describe', 'suite', 'bench']);

/** Syntax trees by path, parsed once for all rules. */
export function parseSources(project) {
  return matching(project, /^(src|test|bench)\/.*\.ts$/).map(([path, text]) =>
    ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true),
  );
}

export function sourceProblems(trees) {
  return trees.flatMap((tree) => {
    const problems = [];
    const report = (node, message) => {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      problems.push(`${tree.fileName}:${line + 1}: ${message}`);
    };
    const rules = rulesFor(tree.fileName);
    const visit = (node) => {
      for (const rule of rules) rule(node, report, tree);
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return problems;
  });
}

function rulesFor(path) {
  if (path.startsWith('test/')) return [testModifier, contextSkip];
  if (!path.startsWith('src/')) return [];
  return [
    ...(HOST_FILES.test(path) ? [] : [hostAccess]),
    ...(path === KEY_FILE ? [] : [keyLiteral]),
    ...(path.startsWith('src/core/') ? [asynchrony] : []),
  ];
}

/** Clock, randomness, timers and the process are injected; only src/platform and main.ts files touch the real ones. */
function hostAccess(node, report) {
  if (ts.isPropertyAccessExpression(node) && HOST_MEMBERS.has(node.getText()))
    report(node, `${node.getText()} outside src/platform and main.ts`);
  if (ts.isIdentifier(node) && TIMERS.has(node.text)) report(node, `${node.text} outside src/platform and main.ts`);
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0) {
    report(node, 'new Date() without a time outside src/platform and main.ts');
  }
  if (ts.isImportDeclaration(node) && HOST_MODULES.has(node.moduleSpecifier.text)) {
    report(node, `import of ${node.moduleSpecifier.text} outside src/platform and main.ts`);
  }
}

function keyLiteral(node, report) {
  const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node);
  if (isText && KEY_LITERAL.test(node.text)) report(node, `key literal ${node.text} outside ${KEY_FILE}`);
}

function asynchrony(node, report) {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) report(node, 'async code in src/core, which is pure');
}

/** `it.only`, `describe.todo.each` never; `it.skip`, `describe.skipIf` with a comment `skip: why` right above. */
function testModifier(node, report, tree) {
  if (!ts.isPropertyAccessExpression(node) || !TEST_FUNCTIONS.has(leftmost(node).text)) return;
  const name = node.name.text;
  if (NEVER_IN_TESTS.has(name)) report(node, `.${name}( in a test`);
  if (WITH_REASON_IN_TESTS.has(name) && !hasReasonAbove(node, tree)) report(node, `.${name}( without a reason`);
}

/** `context.skip('why')`: the reason is its last argument. */
function contextSkip(node, report) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression) || node.expression.name.text !== 'skip') return;
  if (TEST_FUNCTIONS.has(leftmost(node.expression).text)) return;
  if (!/['"`]|reason|why/i.test(node.arguments.at(-1)?.getText() ?? '')) report(node, '.skip( without a reason');
}

function leftmost(node) {
  return ts.isPropertyAccessExpression(node) || ts.isCallExpression(node) ? leftmost(node.expression) : node;
}

function hasReasonAbove(node, tree) {
  const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
  const above = tree.text.split('\n')[line - 1] ?? '';
  return /\/\/ skip: \S/.test(above);
}

/** Functions with their number of lines, longest first. */
export function functionLengths(trees) {
  const found = [];
  for (const tree of trees) {
    if (!tree.fileName.startsWith('src/')) continue;
    const lineOf = (position) => tree.getLineAndCharacterOfPosition(position).line;
    const visit = (node) => {
      if (ts.isFunctionLike(node) && node.body) {
        const start = lineOf(node.getStart(tree));
        found.push({
          name: `${tree.fileName}:${start + 1} ${node.name?.getText(tree) ?? ''}`.trim(),
          lines: lineOf(node.getEnd()) - start + 1,
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found.sort((a, b) => b.lines - a.lines);
}
