/** The grammar of the command line as a tree. Each command's options, help and action are in its own module. */
import type { CommandModule } from './command-module.ts';
import { KIND_WORDS, type KindWord } from './resources/words.ts';

/** One word of the grammar: a command (`load`), a group of commands, or both. */
export interface Branch {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line, without a full stop. */
  readonly summary: string;
  /** Of a group; a command has them in its own help. */
  readonly examples?: readonly string[];
  readonly commands?: readonly Branch[];
  readonly load?: () => Promise<CommandModule>;
}

function wordOf(name: KindWord): Pick<Branch, 'name' | 'aliases'> {
  return { name, ...KIND_WORDS.find((word) => word.name === name) };
}

/** `plat delete` of one kind. */
function deleteCommand(kind: Exclude<KindWord, 'ipamconfig'>): () => Promise<CommandModule> {
  return async () => (await import('./commands/delete.ts')).commandFor(kind);
}

const NOUNS: Readonly<Record<KindWord, string>> = {
  ippool: 'IP pools',
  ipreservation: 'IP reservations',
  node: 'nodes',
  ipamconfig: 'the IPAM configuration',
};

/** The same command for each kind of resource. */
function forKinds(summary: string, load: (kind: KindWord) => Promise<CommandModule>): readonly Branch[] {
  return KIND_WORDS.map((word) => ({ ...word, summary: `${summary} ${NOUNS[word.name]}`, load: () => load(word.name) }));
}

export const COMMANDS: readonly Branch[] = [
  {
    name: 'create',
    summary: 'create resources',
    load: async () => (await import('./commands/write-manifests.ts')).commandFor('create'),
    commands: [
      { ...wordOf('ippool'), summary: 'create an IP pool', load: () => import('./commands/create-ippool.ts') },
      { ...wordOf('ipreservation'), summary: 'create an IP reservation', load: () => import('./commands/create-ipreservation.ts') },
      { ...wordOf('node'), summary: 'create a node', load: () => import('./commands/create-node.ts') },
    ],
  },
  {
    name: 'apply',
    summary: 'create or change resources as manifests say',
    load: async () => (await import('./commands/write-manifests.ts')).commandFor('apply'),
  },
  {
    name: 'replace',
    summary: 'change resources as manifests say',
    load: async () => (await import('./commands/write-manifests.ts')).commandFor('replace'),
  },
  {
    name: 'patch',
    summary: 'change some members of a resource',
    examples: [`patch ippool rack-1 -p '{"spec":{"disabled":true}}'`, "patch node worker-1 -p 'metadata: {labels: {rack: r2}}'"],
    commands: forKinds('change some members of', async (kind) => (await import('./commands/patch.ts')).commandFor(kind)),
  },
  {
    name: 'get',
    summary: 'show resources',
    load: () => import('./commands/get-manifests.ts'),
    commands: forKinds('show', async (kind) => (await import('./commands/get.ts')).commandFor(kind)),
  },
  {
    name: 'describe',
    summary: 'tell all about resources: what they say, who uses them, how full they are',
    examples: ['describe ippool default-ipv4', 'describe node worker-1'],
    commands: forKinds('describe', async (kind) => (await import('./commands/describe.ts')).commandFor(kind)),
  },
  {
    name: 'delete',
    summary: 'delete resources',
    load: () => import('./commands/delete-manifests.ts'),
    commands: [
      { ...wordOf('ippool'), summary: 'delete IP pools', load: deleteCommand('ippool') },
      { ...wordOf('ipreservation'), summary: 'delete IP reservations', load: deleteCommand('ipreservation') },
      { ...wordOf('node'), summary: 'delete nodes and give up their blocks', load: deleteCommand('node') },
    ],
  },
  {
    name: 'ipam',
    summary: 'assign, release and look at addresses',
    examples: ['ipam auto-assign --host worker-1 --handle pod-a', 'ipam show --show-blocks', 'ipam release --handle pod-a'],
    commands: [
      { name: 'assign', summary: 'assign a certain address', load: () => import('./commands/ipam-assign.ts') },
      { name: 'auto-assign', summary: 'assign the next free addresses', load: () => import('./commands/ipam-auto-assign.ts') },
      { name: 'release', summary: 'release addresses', load: () => import('./commands/ipam-release.ts') },
      { name: 'check', summary: 'find everything that is inconsistent', load: () => import('./commands/ipam-check.ts') },
      { name: 'repair', summary: 'mend what check finds', load: () => import('./commands/ipam-repair.ts') },
      { name: 'gc', summary: 'release what nobody uses any more', load: () => import('./commands/ipam-gc.ts') },
      { name: 'show', summary: 'show pools, blocks and addresses in use', load: () => import('./commands/ipam-show.ts') },
      {
        name: 'configure',
        summary: 'show or change the settings of the whole cluster',
        load: () => import('./commands/ipam-configure.ts'),
      },
      { name: 'split', summary: 'cut an IP pool into smaller ones', load: () => import('./commands/ipam-split.ts') },
    ],
  },
  {
    name: 'node',
    summary: 'take away what a node has',
    examples: ['node drain worker-9 --dry-run', 'node remove worker-9 --dry-run'],
    commands: [
      {
        name: 'remove',
        summary: 'release and delete everything of a node that is gone for good',
        load: () => import('./commands/node-remove.ts'),
      },
      { name: 'drain', summary: 'give up the empty blocks of a node', load: () => import('./commands/node-drain.ts') },
    ],
  },
  { name: 'why', summary: 'tell who holds an address, and all that is known of it', load: () => import('./commands/why.ts') },
  {
    name: 'why-not',
    summary: 'tell what an assignment would give now, or which rule refuses it',
    load: () => import('./commands/why-not.ts'),
  },
  { name: 'dump', summary: 'write everything to a file, or into another store', load: () => import('./commands/dump.ts') },
  { name: 'load', summary: 'put a dump into a store', load: () => import('./commands/load.ts') },
  {
    name: 'cni',
    summary: 'install the CNI plugin on this node, or remove it',
    examples: ['cni install --conf /etc/cni/net.d/10-calico.conflist', 'cni uninstall --conf /etc/cni/net.d/10-calico.conflist'],
    commands: [
      {
        name: 'install',
        summary: 'put the plugin and its network configuration in place',
        load: () => import('./commands/cni-install.ts'),
      },
      { name: 'uninstall', summary: 'put back what was there before', load: () => import('./commands/cni-uninstall.ts') },
    ],
  },
  { name: 'demo', summary: 'see it work: nodes, pods, and the picture of who holds what', load: () => import('./commands/demo.ts') },
  {
    name: 'config',
    summary: 'see the settings of plat itself',
    examples: ['config view', 'config view -o json'],
    commands: [
      { name: 'view', summary: 'show what is in effect, and where it comes from', load: () => import('./commands/config-view.ts') },
    ],
  },
  { name: 'completion', summary: 'print the completion script of a shell', load: () => import('./commands/completion.ts') },
];

/** A word that names the branch. */
export function wordsOf({ name, aliases = [] }: Branch): readonly string[] {
  return [name, ...aliases];
}
