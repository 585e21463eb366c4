/** Rules over the text of every file. */
import { matching, problemAt } from './project.mjs';

/** Data that others wrote. */
const FOREIGN = /^(package-lock\.json|LICENSE|test\/fixtures\/|docs\/examples\/)/;
const UNFINISHED = /\b(?:TO[D]O|FIX[M]E|XX[X])\b/g;
const MACHINE_PATH = /(?<![\w.~-])\/(?:work|home|Users)\/\w+/g;
const DOWNLOAD_HOST = /"resolved": *"https?:|^registry *=/gm;

export function textProblems(project) {
  const own = [...project.files].filter(([path]) => !FOREIGN.test(path));
  return [
    ...found(own, UNFINISHED, (text) => `${text}: finish it or open an issue`),
    ...found(project.files, MACHINE_PATH, (text) => `path of one machine: ${text}`),
    ...found(matching(project, /^(package-lock\.json|\.npmrc)$/), DOWNLOAD_HOST, () => 'names a download host'),
  ];
}

function found(files, pattern, message) {
  return [...files].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map((match) => problemAt(path, text, match.index, message(match[0]))),
  );
}
