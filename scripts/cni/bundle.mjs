/** Run by bun, by `scripts/build-cni.mjs`: bundles the entry with what it loads at run time, and compiles it. */
import { embedded } from './embedded.mjs';

const { entry, out, root, addon, runtime } = JSON.parse(process.argv[2]);

const plugin = embedded({ root, addon });
const { success, logs } = await Bun.build({
  entrypoints: [entry],
  target: 'bun',
  // Bytecode is for CommonJS, whose modules are also evaluated only when they are needed.
  format: 'cjs',
  bytecode: true,
  minify: true,
  env: 'disable',
  plugins: [plugin],
  compile: {
    outfile: out,
    // Code that runs once is not worth compiling: a third of the CPU time of a call.
    jitPolicy: 1_000,
    executablePath: runtime,
    // A plugin runs in whatever folder its caller is in: nothing there is its configuration.
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
  },
});
for (const log of logs) console.error(String(log));
for (const file of plugin.unmet()) console.error(`${file} is not in the bundle, so it was not changed as it must be`);
if (!success || plugin.unmet().length > 0) process.exit(1);
