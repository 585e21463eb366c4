/**
 * The house rules as a test (CONTRIBUTING.md): prints each breach as `file:line: what` and exits 1 when there is one.
 *
 * Checks the current folder, or the folder given. The longest files and functions are printed, not judged: a long file is
 * a question, never a failure.
 */
import { resolve } from 'node:path';
import { docsProblems } from './tidy/docs-rules.mjs';
import { matching, readProject } from './tidy/project.mjs';
import { functionLengths, parseSources, sourceProblems } from './tidy/source-rules.mjs';
import { textProblems } from './tidy/text-rules.mjs';

const LONGEST_SHOWN = 5;

const project = readProject(resolve(process.argv[2] ?? '.'));
const trees = parseSources(project);

const files = matching(project, /^src\/.*\.ts$/)
  .map(([path, text]) => ({ name: path, lines: text.split('\n').length - 1 }))
  .sort((a, b) => b.lines - a.lines);
print('longest files', files);
print('longest functions', functionLengths(trees));

const problems = [...sourceProblems(trees), ...textProblems(project), ...docsProblems(project, trees)];
for (const problem of problems) process.stderr.write(`tidy: ${problem}\n`);
if (problems.length > 0) process.exit(1);
process.stdout.write(`tidy: ${project.files.size} files keep the house rules\n`);

function print(title, entries) {
  process.stdout.write(`tidy: ${title}\n`);
  for (const { name, lines } of entries.slice(0, LONGEST_SHOWN)) process.stdout.write(`  ${String(lines).padStart(4)}  ${name}\n`);
}
