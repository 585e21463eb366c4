/** Whether this machine can run the cluster. */
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath } from '../../support/etcd-binary.ts';

/** Program to the Debian package that has it. */
const PROGRAMS = {
  bash: 'bash',
  busybox: 'busybox-static',
  conntrack: 'conntrack',
  curl: 'curl',
  etcd: 'etcd-server',
  ip: 'iproute2',
  iptables: 'iptables',
  mount: 'mount',
  nsenter: 'util-linux',
  openssl: 'openssl',
  runc: 'runc',
  setsid: 'util-linux',
  sysctl: 'procps',
  tar: 'tar',
  unshare: 'util-linux',
} as const;

/** What `build.sh` makes. */
const BUILT = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl'].map((name) => join('bin', name)),
  ...['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => join('containerd', name)),
  ...['bridge', 'host-local', 'loopback'].map((name) => join('cnibin', name)),
];

/** Whether `home` has everything that `build.sh` makes. */
async function isBuilt(home: string): Promise<boolean> {
  return (await Promise.all(BUILT.map((path) => isExecutable(join(home, path))))).every(Boolean);
}

/** What is missing, one sentence each, with what to do; nothing when the cluster can run. */
export async function missing({ home, plugin }: { readonly home: string; readonly plugin: string }): Promise<string[]> {
  if (process.platform !== 'linux') return [`Linux: network namespaces are needed, this is ${process.platform}.`];
  const found: string[] = [];
  if (process.getuid?.() !== 0) found.push('root: namespaces, mounts and cgroups are made. Run it as root.');
  if (!(await isFolder('/sys/fs/cgroup/memory'))) {
    found.push('cgroup v1: there is no /sys/fs/cgroup/memory. Boot with systemd.unified_cgroup_hierarchy=0.');
  }
  const filesystems = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  if (!/\boverlay\n/.test(filesystems)) found.push('overlayfs: /proc/filesystems does not list it. Load the module overlay.');
  const absent: string[] = [];
  for (const [program, debianPackage] of Object.entries(PROGRAMS)) {
    if ((await onPath(program)) === undefined) absent.push(debianPackage);
  }
  if (absent.length > 0) {
    found.push(`programs. On Debian: apt-get install -y --no-install-recommends ${[...new Set(absent)].join(' ')}`);
  }
  if (!(await isBuilt(home)) && (await onPath('go')) === undefined) {
    found.push(`Go 1.24 or newer, to build Kubernetes; or a folder where that was done, named by PLAT_K8S_HOME (now ${home}).`);
  }
  if (!(await isExecutable(plugin))) found.push(`the plugin, ${plugin}. Run npm run build:cni.`);
  return found;
}

const isFolder = async (path: string) => await succeeds(access(path));
const isExecutable = async (path: string) => await succeeds(access(path, constants.X_OK));

async function succeeds(attempt: Promise<void>): Promise<boolean> {
  return await attempt.then(
    () => true,
    () => false,
  );
}
