/** What this machine has for tests that attach pods. */
import { spawnSync } from 'node:child_process';
import { ask } from '../../support/broker.ts';
import type { CniTools } from './tools.ts';

/** To build the CNI project's plugins for the first time takes a minute; to build ours, seconds. */
export const TOOLS_TIMEOUT_MS = 600_000;

/** The CNI project's plugins. */
export async function cniTools(): Promise<CniTools> {
  return (await ask('/cni-tools')) as CniTools;
}

/** Everything that the plugins and the tests do in namespaces, tried in one that goes away by itself. */
const TRIAL = `
ip netns list
ip link add name veth0 type veth peer name veth1
ip link add name bridge0 type bridge
ip link add link veth0 name macvlan0 type macvlan
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
ping -c 1 -W 5 127.0.0.1
mount -t tmpfs none /mnt
`;

/** Why no pods can be attached here; undefined where they can. */
export function machineProblem(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  const { status, stderr, error } = spawnSync('unshare', ['--net', '--mount', 'sh', '-ec', TRIAL], { encoding: 'utf8' });
  if (error !== undefined) return `unshare does not run (Debian: package util-linux): ${error.message}`;
  return status === 0 ? undefined : `a trial of what they need fails (Debian: packages iproute2, iputils-ping): ${stderr.trim()}`;
}
