/**
 * A plugin for bun's bundler: what libraries look for on the disk at run time is put into the bundle. The build fails when a
 * library no longer looks as it did when this was written.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { loadable } from './elf.mjs';

const ADDON = 'plat:lmdb-addon';
/** Its size, and a hash for its name. */
const FACTS = `${ADDON}-facts`;
const HASH_DIGITS = 16;

/** `root`: the checkout; `addon`: LMDB's native part. `unmet()`: files that should have been changed and were not bundled. */
export function embedded({ root, addon }) {
  const modules = join(root, 'node_modules');
  /** Changes to one file of a library: pairs of what must be there exactly once, and what takes its place. */
  const changes = new Map([
    [
      'lmdb/native.js',
      [
        [
          "import loadNAPI from 'node-gyp-build-optional-packages';",
          `import loadAddon from '${join(root, 'scripts/cni/load-addon.cjs')}';`,
        ],
        ['loadNAPI(dirName)', 'loadAddon()'],
        ["dirname(fileURLToPath(import.meta.url)).replace(/dist$/, '')", "''"],
      ],
    ],
    ['lmdb/node-index.js', [['createRequire(import.meta.url)', "createRequire('/')"]]],
    [
      'etcd3/lib/connection-pool.js',
      [
        [
          /\(0, proto_loader_1\.loadSync\)\(`\$\{__dirname\}\/\.\.\/proto\/rpc\.proto`,/,
          () => `(0, proto_loader_1.fromJSON)(${protoOfEtcd(modules)},`,
        ],
      ],
    ],
    [
      '@grpc/grpc-js/build/src/channel-credentials.js',
      // Bun refuses an address as the name for SNI, where Node ignores it; without a name the host is what is verified.
      [
        [
          '        connectionOptions.servername = remoteHost;',
          "        if (require('net').isIP(remoteHost) === 0) connectionOptions.servername = remoteHost;",
        ],
      ],
    ],
    // What would be looked up beside the library and is never used: LMDB's compression, an encoding by native code.
    ['lmdb/open.js', [['import.meta.url', "'/'"]]],
    [
      'msgpackr/node-index.js',
      [
        ['if (!nativeAccelerationDisabled) {', 'if (false) {'],
        // Node's streams take a tenth of the start of a process.
        [/export \{ PackrStream, .* from '\.\/stream\.js'\n/, ''],
      ],
    ],
  ]);
  const met = new Set();
  const contents = () => loadable(readFileSync(addon));
  return {
    name: 'embedded',
    unmet: () => [...changes.keys()].filter((file) => !met.has(file)),
    setup(build) {
      build.onLoad({ filter: /\/node_modules\/.*js$/ }, ({ path, loader }) => {
        const file = path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length);
        const edits = changes.get(file) ?? [];
        met.add(file);
        const contents = edits.reduce((text, edit) => replaced(file, text, edit), readFileSync(path, 'utf8'));
        // The bundler would write the folder of this machine in its place.
        return { contents: contents.replaceAll('__dirname', "'/'"), loader };
      });
      build.onResolve({ filter: /^plat:lmdb-addon$/ }, () => ({ path: ADDON, namespace: 'embedded' }));
      build.onLoad({ filter: /.*/, namespace: 'embedded' }, () => ({ contents: contents(), loader: 'file' }));
      build.onResolve({ filter: /^plat:lmdb-addon-facts$/ }, () => ({ path: FACTS, namespace: 'facts' }));
      build.onLoad({ filter: /.*/, namespace: 'facts' }, () => {
        const hash = createHash('sha256').update(contents()).digest('hex').slice(0, HASH_DIGITS);
        return { contents: `module.exports = ${JSON.stringify({ bytes: contents().length, hash })};`, loader: 'js' };
      });
    },
  };
}

function replaced(file, text, [before, after]) {
  const parts = text.split(before);
  if (parts.length !== 2) throw new Error(`${file}: expected once, found ${parts.length - 1} times: ${before}`);
  return parts.join(typeof after === 'string' ? after : after());
}

/** What etcd3 would parse at every start. */
function protoOfEtcd(modules) {
  const folder = join(modules, 'etcd3/proto');
  // The one that gRPC reads the result with.
  const protobuf = createRequire(join(modules, '@grpc/proto-loader/package.json'))('protobufjs');
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => join(folder, basename(target));
  root.loadSync('rpc.proto', { keepCase: true });
  return JSON.stringify(root.toJSON());
}
