/**
 * The import table as a test: runs dependency-cruiser over `src` of the current folder, or of the folder given.
 *
 * Fails on any violation, and when a source file was not seen: the tool alone reports success over no modules at all.
 */
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import extractTypeScriptConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { filesUnder } from './tidy/project.mjs';

const rules = join(import.meta.dirname, '../.dependency-cruiser.cjs');
process.chdir(process.argv[2] ?? '.');

const sources = filesUnder('.', 'src').filter((file) => file.endsWith('.ts'));
const problems = sources.length === 0 ? ['not-seen: there is no source under src'] : await importProblems();
for (const problem of problems) process.stderr.write(`imports: ${problem}\n`);
if (problems.length > 0) process.exit(1);
process.stdout.write(`imports: ${sources.length} files of src keep the import table\n`);

async function importProblems() {
  const { output } = await cruise(['src'], await extractOptions(rules), undefined, { tsConfig: extractTypeScriptConfig('tsconfig.json') });
  const seen = new Set(output.modules.map((module) => module.source));
  return [
    ...output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    ...sources.filter((file) => !seen.has(file)).map((file) => `not-seen: ${file}`),
  ];
}
