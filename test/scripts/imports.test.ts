import { expect, it } from 'vitest';
import { type Files, runOver } from './planted.ts';

const PACKAGES = ['etcd3', 'lmdb', 'ipaddr.js', 'cockatiel', 'pino', 'commander', 'yaml'];

/** A tree in which every part imports all it may, over packages that are no more than a name. */
const CLEAN: Files = {
  'package.json': JSON.stringify({
    name: 'planted',
    type: 'module',
    dependencies: Object.fromEntries(PACKAGES.map((name) => [name, '1.0.0'])),
    devDependencies: { vitest: '1.0.0' },
  }),
  'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true } }',
  ...Object.fromEntries([...PACKAGES, 'vitest'].flatMap((name) => fakePackage(name))),
  'src/core/addr.ts': "import 'ipaddr.js';\nexport const bits = 32;\n",
  'src/core/plan/plan.ts': "export { bits } from '../addr.ts';\n",
  'src/store/port.ts': "export { bits } from '../core/addr.ts';\n",
  'src/store/etcd.ts':
    "import type {} from 'etcd3';\nimport '../platform/log.ts';\nexport const grpc = () => import('./etcd-grpc.ts');\nexport { bits } from './etcd-errors.ts';\n",
  'src/store/etcd-grpc.ts': "import 'etcd3';\nimport 'cockatiel';\nimport 'node:tls';\nexport const connect = 1;\n",
  'src/store/etcd-errors.ts': "export { bits } from './port.ts';\n",
  'src/store/lmdb.ts': "import 'lmdb';\nexport { bits } from './port.ts';\n",
  'src/store/open.ts': "import type {} from './lmdb.ts';\nexport const open = () => [import('./etcd.ts'), import('./lmdb.ts')];\n",
  'src/platform/log.ts': "import 'pino';\nimport 'node:os';\nexport const log = 1;\n",
  'src/ipam/retry.ts': "import 'cockatiel';\nexport const retries = 1;\n",
  'src/ipam/open.ts':
    "import '../core/plan/plan.ts';\nimport '../store/port.ts';\nimport '../platform/log.ts';\nexport { retries } from './retry.ts';\n",
  'src/index.ts': "export * from './ipam/open.ts';\nexport { open } from './store/open.ts';\n",
  'src/cli/main.ts': "import 'commander';\nimport 'yaml';\nimport 'node:os';\nimport '../ipam/open.ts';\nimport '../store/open.ts';\n",
};

function fakePackage(name: string): [string, string][] {
  return [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, ''],
  ];
}

it('passes a tree that keeps the import table', () => {
  const { status, stdout, problems } = runOver('imports.mjs', CLEAN);
  expect(problems).toEqual([]);
  expect(stdout).toBe('imports: 13 files of src keep the import table\n');
  expect(status).toBe(0);
});

it('names every forbidden import that was planted', () => {
  const { status, problems } = runOver('imports.mjs', {
    ...CLEAN,
    'src/core/clock.ts': "import 'node:os';\nimport '../platform/log.ts';\nimport 'lmdb';\n",
    'src/core/a.ts': "import type { b } from './b.ts';\nexport type a = b;\n",
    'src/core/b.ts': "import type { a } from './a.ts';\nexport type b = a;\n",
    'src/core/alone.ts': 'export const alone = 1;\n',
    'src/platform/config.ts': "import '../core/addr.ts';\nimport 'vitest';\n",
    'src/store/keys.ts': "import '../core/plan/plan.ts';\nimport '../platform/log.ts';\n",
    'src/store/lmdb.ts': "import 'lmdb';\nimport './etcd-errors.ts';\n",
    'src/store/open.ts': "import './etcd.ts';\n",
    'src/store/etcd-watch.ts': "import 'etcd3';\nimport 'node:http';\nimport './etcd-grpc.ts';\n",
    'src/ipam/loop.ts': "import '../store/etcd.ts';\nimport '../cli/main.ts';\nimport 'etcd3';\nimport 'pino';\nimport './missing.ts';\n",
    'src/cli/show.ts': "import '../store/keys.ts';\nimport 'cockatiel';\n",
  });
  const planted = [
    'adapters-are-loaded-on-demand: src/store/open.ts -> src/store/etcd.ts',
    'adapters-are-opened-in-one-place: src/ipam/loop.ts -> src/store/etcd.ts',
    'adapters-know-no-other: src/store/lmdb.ts -> src/store/etcd-errors.ts',
    'cli-is-a-front-door: src/cli/show.ts -> node_modules/cockatiel/index.js',
    'cli-is-a-front-door: src/cli/show.ts -> src/store/keys.ts',
    'cockatiel-confined: src/cli/show.ts -> node_modules/cockatiel/index.js',
    'core-is-pure: src/core/clock.ts -> node_modules/lmdb/index.js',
    'core-is-pure: src/core/clock.ts -> os',
    'core-is-pure: src/core/clock.ts -> src/platform/log.ts',
    'etcd3-confined: src/ipam/loop.ts -> node_modules/etcd3/index.js',
    'etcd3-is-loaded-for-grpc-alone: src/store/etcd-watch.ts -> node_modules/etcd3/index.js',
    'front-doors-are-imported-by-nobody: src/ipam/loop.ts -> src/cli/main.ts',
    'ipam-knows-the-port-alone: src/ipam/loop.ts -> src/store/etcd.ts',
    'libraries-start-fast: src/store/etcd-watch.ts -> http',
    'lmdb-confined: src/core/clock.ts -> node_modules/lmdb/index.js',
    'no-circular: src/core/a.ts -> src/core/b.ts',
    'no-development-dependency: src/platform/config.ts -> node_modules/vitest/index.js',
    'no-orphans: src/core/alone.ts -> src/core/alone.ts',
    'not-to-unresolvable: src/ipam/loop.ts -> ./missing.ts',
    'pino-confined: src/ipam/loop.ts -> node_modules/pino/index.js',
    'platform-knows-the-host-alone: src/platform/config.ts -> src/core/addr.ts',
    'shared-store-files-know-no-adapter: src/store/keys.ts -> src/platform/log.ts',
    'store-knows-no-planner: src/store/keys.ts -> src/core/plan/plan.ts',
    'transports-are-loaded-on-demand: src/store/etcd-watch.ts -> src/store/etcd-grpc.ts',
  ];
  expect(problems).toEqual(expect.arrayContaining(planted));
  expect(status).toBe(1);
});

it('fails when it saw no module', () => {
  const { status, problems } = runOver('imports.mjs', { 'tsconfig.json': '{}', 'src/notes.txt': 'no source here\n', 'test/a.ts': '' });
  expect(problems).toEqual(['not-seen: there is no source under src']);
  expect(status).toBe(1);
});

it('fails when the tool passed a file by', () => {
  // The tool takes any path with this word in it for a package.
  const { status, problems } = runOver('imports.mjs', { ...CLEAN, 'src/core/node_modules.ts': "import 'etcd3';\n" });
  expect(problems).toEqual(['not-seen: src/core/node_modules.ts']);
  expect(status).toBe(1);
});
