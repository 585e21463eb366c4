/** What a containerd is told, by its version. */
import { PAUSE_IMAGE } from './containerd-image.ts';

export interface ConfigParts {
  /** Its own, for everything that it keeps. */
  readonly folder: string;
  readonly socket: string;
  /** Folder of CNI plugins. */
  readonly plugins: string;
  readonly version: string;
}

export function containerdConfig(parts: ConfigParts): string {
  return Number.parseInt(parts.version, 10) >= 2 ? version2(parts) : version1(parts);
}

/**
 * Neither may raise limits: tests may have to do without CAP_SYS_RESOURCE. The plugin `opt` would make a folder in /opt,
 * and any file system has the snapshotter `native`.
 */
function version1({ folder, socket, plugins }: ConfigParts): string {
  return `version = 2
${common(folder, socket)}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_cgroup = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${folder}/net.d"
`;
}

function version2({ folder, socket, plugins, version }: ConfigParts): string {
  // 2.0 and 2.1 know one folder only.
  const binDirs = /^2\.[01]\./.test(version) ? `bin_dir = "${plugins}"` : `bin_dirs = ["${plugins}"]`;
  return `version = 3
${common(folder, socket)}
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    ${binDirs}
    conf_dir = "${folder}/net.d"
`;
}

function common(folder: string, socket: string): string {
  return `root = "${folder}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"`;
}
