/**
 * Loads LMDB's native part from the executable itself, in the compiled plugin only.
 *
 * The system can load code from files alone. Bun would write one to TMPDIR or /tmp under a name that others can guess. Here it is a
 * file in a folder of this user alone, which the next call finds; else memory that has no name, which nobody else can reach,
 * which needs no folder, and which is gone with the process.
 */
const { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } = require('node:fs');
const addonFile = require('plat:lmdb-addon');
const { bytes, hash } = require('plat:lmdb-addon-facts');
const { isPrivateFolder, RUNTIME_FOLDER } = require('../../src/platform/private-folder.ts');

const FILE_MODE = 0o600;
const MFD_CLOEXEC = 1;
/** Linux 6.3 and later may be set up to want it; earlier ones refuse it. */
const MFD_EXEC = 16;

module.exports = function loadAddon() {
  try {
    return loaded(keptFile());
  } catch {
    // There is no such folder, or no code may be run from it.
    return loadedFromMemory();
  }
};

function loaded(path) {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

function keptFile() {
  if (!isPrivateFolder(RUNTIME_FOLDER)) throw new Error(`${RUNTIME_FOLDER} is not private`);
  const path = `${RUNTIME_FOLDER}/lmdb-${hash}.node`;
  if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return path;
  const draft = `${path}.${process.pid}`;
  const file = openSync(draft, 'w', FILE_MODE);
  writeAll(file);
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, path);
  return path;
}

function loadedFromMemory() {
  const { symbols } = libc({ memfd_create: { args: ['cstring', 'u32'], returns: 'i32' } });
  const name = Buffer.from('plat-lmdb\0');
  let file = symbols.memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
  if (file === -1) file = symbols.memfd_create(name, MFD_CLOEXEC);
  if (file === -1) throw new Error("the system gives no memory to load LMDB's native part into (memfd_create)");
  writeAll(file);
  try {
    return loaded(`/proc/self/fd/${file}`);
  } finally {
    closeSync(file);
  }
}

function writeAll(file) {
  const addon = readFileSync(addonFile);
  for (let written = 0; written < addon.length; ) written += writeSync(file, addon, written);
}

/** The C library that this process runs on: glibc's name, else musl's. */
function libc(functions) {
  const { dlopen } = require('bun:ffi');
  try {
    return dlopen('libc.so.6', functions);
  } catch {
    return dlopen('libc.so', functions);
  }
}
