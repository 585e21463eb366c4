/** Who may import whom (docs/architecture.md). Run by scripts/imports.mjs, which also fails when a source was not seen. */
const folder = (name) => `^src/${name}/`;
const npm = (names) => `^node_modules/(${names})/`;

const CLIENT_ADAPTERS = '^src/store/(etcd|lmdb)[^/]*\\.ts$';
const ADAPTERS = '^src/store/(etcd|lmdb|memory)[^/]*\\.ts$';
const OPEN = '^src/store/open\\.ts$';

const rule = (name, from, to) => ({ name, severity: 'error', from, to });
/** A part and all it may import. */
const closed = (name, path, allowed) => rule(name, { path }, { pathNot: allowed });
/** The same, for a part that may also touch the host through `node:*`. */
const closedButNode = (name, path, allowed) => rule(name, { path }, { pathNot: allowed, dependencyTypesNot: ['core'] });
/** Packages, and the only files that may import them. */
const confined = (name, packages, files) => rule(`${name}-confined`, { pathNot: files }, { path: npm(packages) });

const parts = [
  closed('core-is-pure', folder('core'), [folder('core'), npm('ipaddr\\.js')]),
  closedButNode('platform-knows-the-host-alone', folder('platform'), [folder('platform'), npm('pino|valibot')]),
  closed('ipam-knows-the-port-alone', folder('ipam'), [
    folder('(ipam|core|platform)'),
    '^src/store/(port|records|keys|codec)[^/]*\\.ts$',
    npm('cockatiel'),
  ]),
  closedButNode('cli-is-a-front-door', folder('cli'), [
    folder('(cli|ipam|core|platform)'),
    '^src/store/(open|port)\\.ts$',
    npm('big-integer|commander|valibot|yaml'),
  ]),
  closedButNode('cni-is-a-front-door', folder('cni'), [
    folder('(cni|ipam|platform)'),
    '^src/core/(addr|link|hash)\\.ts$',
    '^src/store/(open|port)\\.ts$',
    npm('valibot'),
  ]),
  closed('index-exports-the-library', '^src/index\\.ts$', [folder('(ipam|core|platform)'), '^src/store/(open|port|memory)\\.ts$']),
  rule('front-doors-are-imported-by-nobody', { pathNot: folder('(cli|cni)') }, { path: [folder('(cli|cni)'), '^src/index\\.ts$'] }),
  rule('front-doors-know-no-other', { path: '^src/(cli|cni)/' }, { path: folder('(cli|cni)'), pathNot: '^src/$1/' }),
];

const store = [
  rule('store-knows-no-planner', { path: folder('store') }, { path: [folder('(ipam|cli|cni|core/plan)'), '^src/index\\.ts$'] }),
  rule(
    'shared-store-files-know-no-adapter',
    { path: folder('store'), pathNot: [ADAPTERS, OPEN, '^src/store/shared-reads'] },
    { path: [ADAPTERS, OPEN, folder('platform')] },
  ),
  rule(
    'adapters-know-no-other',
    { path: '^src/store/(etcd|lmdb|memory)[^/]*\\.ts$' },
    { path: [ADAPTERS, OPEN], pathNot: '^src/store/$1' },
  ),
  rule('adapters-are-opened-in-one-place', { pathNot: [CLIENT_ADAPTERS, OPEN] }, { path: CLIENT_ADAPTERS }),
  // A static import would load every client library with every command.
  rule('adapters-are-loaded-on-demand', { path: OPEN }, { path: CLIENT_ADAPTERS, dynamic: false, dependencyTypesNot: ['type-only'] }),
  rule(
    'transports-are-loaded-on-demand',
    { path: '^src/' },
    { path: '^src/store/etcd-(grpc|gateway|gateway-node|gateway-bun)\\.ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
  ),
  // Each costs a process that lives for one request a millisecond or more.
  rule(
    'libraries-start-fast',
    { path: folder('(core|ipam|platform|store)'), pathNot: '^src/(store/etcd-(grpc|gateway-node)|platform/checksum)\\.ts$' },
    { path: '^(node:)?(crypto|http|http2|https|net|stream|tls|util|worker_threads)$', dependencyTypes: ['core'] },
  ),
];

const packages = [
  confined('etcd3', 'etcd3|@grpc/grpc-js', '^src/store/etcd[^/]*\\.ts$'),
  rule(
    'etcd3-is-loaded-for-grpc-alone',
    { path: '^src/store/etcd', pathNot: '^src/store/etcd-grpc\\.ts$' },
    { path: npm('etcd3|@grpc/grpc-js'), dependencyTypesNot: ['type-only'] },
  ),
  confined('lmdb', 'lmdb', '^src/store/lmdb[^/]*\\.ts$'),
  confined('address-arithmetic', 'ipaddr\\.js', '^src/core/addr\\.ts$'),
  confined('big-integer', 'big-integer', '^src/cli/quantity\\.ts$'),
  confined('cockatiel', 'cockatiel', '^src/(ipam/retry|store/etcd-grpc)\\.ts$'),
  confined('pino', 'pino', '^src/platform/log\\.ts$'),
  confined('commander', 'commander', '^src/cli/'),
  rule('no-development-dependency', {}, { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] }),
];

const graph = [
  rule('no-circular', {}, { circular: true }),
  rule('no-orphans', { orphan: true }, {}),
  rule('not-to-unresolvable', {}, { couldNotResolve: true }),
];

module.exports = {
  forbidden: [...parts, ...store, ...packages, ...graph],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
