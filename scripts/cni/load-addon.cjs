/**
 * Loads LMDB's native part from the executable itself, in the compiled plugin only.
 *
 * The system can load code from files alone. Bun would write one to TMPDIR or /tmp under a name that others can guess; here it
 * is memory that has no name, which nobody else can reach, which needs no folder, and which is gone with the process.
 */
const { closeSync, readFileSync, writeSync } = require('node:fs');
const { dlopen } = require('bun:ffi');
const addonFile = require('plat:lmdb-addon');

const MFD_CLOEXEC = 1;
/** Linux 6.3 and later may be set up to want it; earlier ones refuse it. */
const MFD_EXEC = 16;

module.exports = function loadAddon() {
  const { symbols } = libc({ memfd_create: { args: ['cstring', 'u32'], returns: 'i32' } });
  const name = Buffer.from('plat-lmdb\0');
  let file = symbols.memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
  if (file === -1) file = symbols.memfd_create(name, MFD_CLOEXEC);
  if (file === -1) throw new Error("the system gives no memory to load LMDB's native part into (memfd_create)");
  const addon = readFileSync(addonFile);
  for (let written = 0; written < addon.length; ) written += writeSync(file, addon, written);
  const module = { exports: {} };
  process.dlopen(module, `/proc/self/fd/${file}`);
  closeSync(file);
  return module.exports;
};

/** The C library that this process runs on: glibc's name, else musl's. */
function libc(functions) {
  try {
    return dlopen('libc.so.6', functions);
  } catch {
    return dlopen('libc.so', functions);
  }
}
