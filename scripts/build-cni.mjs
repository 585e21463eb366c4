/**
 * Builds the self-contained CNI plugin: `node scripts/build-cni.mjs [--target linux-x64] [--entry FILE] [--out FILE]`.
 *
 * Targets are linux-x64, linux-arm64, linux-x64-musl and linux-arm64-musl; default is this machine's. Bun and LMDB's native
 * part come as one npm package per target: for another machine than this one, install them first (the message says how).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const TARGETS = {
  'linux-x64': { bun: 'bun-linux-x64', lmdb: 'lmdb-linux-x64', addon: 'node.napi.glibc.node' },
  'linux-x64-musl': { bun: 'bun-linux-x64-musl', lmdb: 'lmdb-linux-x64', addon: 'node.napi.musl.node' },
  'linux-arm64': { bun: 'bun-linux-aarch64', lmdb: 'lmdb-linux-arm64', addon: 'node.napi.glibc.node' },
  'linux-arm64-musl': { bun: 'bun-linux-aarch64-musl', lmdb: 'lmdb-linux-arm64', addon: 'node.napi.musl.node' },
};

const { values } = parseArgs({
  options: { target: { type: 'string' }, entry: { type: 'string' }, out: { type: 'string' } },
});
const target = values.target ?? hostTarget();
const parts = TARGETS[target];
if (parts === undefined) fail(`there is no target "${target}"; expected is one of ${Object.keys(TARGETS).join(', ')}`);

const out = resolve(values.out ?? join(ROOT, 'dist/cni', values.target === undefined ? 'plat' : `plat-${target}`));
mkdirSync(dirname(out), { recursive: true });
const job = {
  entry: resolve(values.entry ?? join(ROOT, 'src/cni/main.ts')),
  out,
  root: ROOT,
  addon: packageFile(`@lmdb/${parts.lmdb}`, parts.addon),
  // What the executable is made of: the bun of the target, which need not run here.
  runtime: packageFile(`@oven/${parts.bun}`, 'bin/bun'),
};
const { status, error } = spawnSync(
  packageFile(`@oven/${TARGETS[hostTarget()].bun}`, 'bin/bun'),
  [join(ROOT, 'scripts/cni/bundle.mjs'), JSON.stringify(job)],
  { cwd: ROOT, stdio: 'inherit' },
);
if (error) fail(error.message);
if (status !== 0) process.exit(status ?? 1);
checkNoPathOfThisMachine();
process.stdout.write(`build-cni: ${out} (${target}, ${Math.round(statSync(out).size / 1e6)} MB)\n`);

function hostTarget() {
  const isMusl = process.report.getReport().header.glibcVersionRuntime === undefined;
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}

/** A file of an optional package, which npm installs only for the platform it runs on. */
function packageFile(name, file) {
  const path = join(ROOT, 'node_modules', name, file);
  if (existsSync(path)) return path;
  const versions = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const version = name.startsWith('@oven/') ? versions.devDependencies.bun : versions.dependencies.lmdb;
  return fail(`${name} is not installed; run: npm install --no-save --force ${name}@${version}`);
}

/** A path that is looked up at run time works here and fails on every other machine. */
function checkNoPathOfThisMachine() {
  const found = readFileSync(out).indexOf(`${resolve(ROOT)}/`);
  if (found !== -1) fail(`the executable holds a path of this checkout, at byte ${found}`);
}

function fail(message) {
  process.stderr.write(`build-cni: ${message}\n`);
  process.exit(1);
}
