/** Run by bun, by `scripts/build-cni.mjs`: bundles the entry with what it loads at run time, and compiles it. */
import { embedded } from './embedded.mjs';

const { entry, out, root, addon, runtime } = JSON.parse(process.argv[2]);

const plugin = embedded({ root, addon });
const { success, logs } = await Bun.build({
  entrypoints: [entry],
  target: 'bun',
  bytecode: true,
  // What is imported on demand is then loaded on demand too; in one piece, whatever is in it costs every start.
  format: 'esm',
  splitting: true,
  minify: true,
  env: 'disable',
  plugins: [plugin],
  compile: {
    outfile: out,
    // A call runs most code once: to compile it as eagerly as usual takes a third of the CPU time.
    jitPolicy: 100,
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
