/** The files of a project, as text. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const FOLDERS_LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', '.scratch']);
/** Bigger files are data; reading them would only cost time. */
const TEXT_BYTES_MAX = 2_000_000;

/** Paths under `root`, with forward slashes, in order; folders that hold nothing written by hand are left out. */
export function filesUnder(root, folder = '.') {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  const paths = [];
  for (const entry of readdirSync(start, { withFileTypes: true })) {
    const path = relative(root, join(start, entry.name));
    if (entry.isDirectory() && !FOLDERS_LEFT_OUT.has(entry.name)) paths.push(...filesUnder(root, path));
    if (entry.isFile()) paths.push(path.split(sep).join('/'));
  }
  return paths.sort();
}

/** `files`: path to text. `has`: whether a path, also of a folder, exists. */
export function readProject(root) {
  const files = new Map();
  for (const path of filesUnder(root)) {
    if (statSync(join(root, path)).size > TEXT_BYTES_MAX) continue;
    const text = readFileSync(join(root, path), 'utf8');
    if (!text.includes('\0')) files.set(path, text);
  }
  return { root, files, has: (path) => existsSync(join(root, path)) };
}

/** The members of `files` whose path matches, as pairs. */
export function matching({ files }, pattern) {
  return [...files].filter(([path]) => pattern.test(path));
}

/** `path:line: message`, the line being that of a position in the text. */
export function problemAt(path, text, position, message) {
  return `${path}:${text.slice(0, position).split('\n').length}: ${message}`;
}
