/** Documents agree with the code: links resolve, every error code and every invariant is where it must be. */
import { posix } from 'node:path';
import ts from 'typescript';
import { matching, problemAt } from './project.mjs';

const DOCUMENTS = /^([A-Z]+|docs\/.+)\.md$/;
/** Tests of these scripts name what is not there. */
const OWN_CODE = /^(src|test(?!\/scripts)|bench|scripts)\/.*\.(ts|mjs)$/;
const INVARIANTS = 'docs/invariants.md';
const ERRORS = 'docs/errors.md';
const ERROR_SOURCE = 'src/ipam/errors.ts';
const ERROR_TYPE = 'IpamErrorCode';

export function docsProblems(project, trees) {
  return [...linkProblems(project), ...mentionProblems(project), ...invariantProblems(project), ...errorProblems(project, trees)];
}

function linkProblems(project) {
  return matching(project, DOCUMENTS).flatMap(([path, text]) => {
    const links = [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)];
    return links
      .map((match) => ({ match, target: match[1] ?? match[2] }))
      .filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target) && !resolves(project, path, target))
      .map(({ match, target }) => problemAt(path, text, match.index, `link to ${target} leads nowhere`));
  });
}

function resolves(project, from, target) {
  const [file, anchor] = target.split('#', 2);
  const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(file)));
  if (!project.has(path)) return false;
  const text = project.files.get(path);
  return anchor === undefined || text === undefined || !path.endsWith('.md') || headingAnchors(text).has(anchor);
}

/** Anchors as forges derive them from headings: lower case, no punctuation, blanks to hyphens, repeats numbered. */
function headingAnchors(text) {
  const anchors = new Set();
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const base = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let anchor = base;
    for (let copy = 1; anchors.has(anchor); copy++) anchor = `${base}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Code blanked out, positions kept. */
function withoutCode(text) {
  return withoutFences(text).replace(/`[^`\n]*`/g, blank);
}

function withoutFences(text) {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, blank);
}

function blank(code) {
  return code.replace(/[^\n]/g, ' ');
}

/** A document that a source sends the reader to exists, and so does a file that a document names. */
function mentionProblems(project) {
  return [
    ...mentions(project, OWN_CODE, /\bdocs\/[\w./-]+\.md\b/g),
    ...mentions(project, DOCUMENTS, /(?<=`)(?:src|test|bench|scripts|docs)\/[\w./-]+(?=`)/g),
  ];
}

function mentions(project, files, pattern) {
  return matching(project, files).flatMap(([path, text]) =>
    [...text.matchAll(pattern)]
      .filter(([mentioned]) => !project.has(mentioned))
      .map((match) => problemAt(path, text, match.index, `${match[0]} does not exist`)),
  );
}

function invariantProblems(project) {
  const document = project.files.get(INVARIANTS) ?? '';
  const numbers = [...document.matchAll(/^#+ (I\d+)\b/gm)].map((match) => match[1]);
  if (numbers.length === 0) return [`${INVARIANTS}: no invariant found`];
  const cited = (pattern, number) => matching(project, pattern).some(([, text]) => new RegExp(`\\b${number}\\b`).test(text));
  return numbers.flatMap((number) => [
    ...(cited(/^src\/.*\.ts$/, number) ? [] : [`${INVARIANTS}: ${number} is cited by no source`]),
    ...(cited(/^test\/(?!scripts\/).*\.ts$/, number) ? [] : [`${INVARIANTS}: ${number} is cited by no test`]),
  ]);
}

function errorProblems(project, trees) {
  const codes = errorCodes(trees);
  if (codes.length === 0) return [`${ERROR_SOURCE}: no code found in ${ERROR_TYPE}`];
  const documented = [...(project.files.get(ERRORS) ?? '').matchAll(/^### `([a-z-]+)`$/gm)].map((match) => match[1]);
  return [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `${ERRORS}: ${code} is not documented`),
    ...documented.filter((code) => !codes.includes(code)).map((code) => `${ERRORS}: ${code} is no code of ${ERROR_SOURCE}`),
  ];
}

/** Members of the union type that lists the codes. */
function errorCodes(trees) {
  const tree = trees.find(({ fileName }) => fileName === ERROR_SOURCE);
  const alias = tree?.statements.find((statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === ERROR_TYPE);
  if (alias === undefined || !ts.isUnionTypeNode(alias.type)) return [];
  return alias.type.types.map((member) => member.literal.text);
}
