#!/bin/sh
# node-up.sh NUMBER: boots node nNUMBER, for the first time or again: network, mount and pid namespaces of its own, containerd, kubelet.
# Its disk is $PLAT_E2E_RUN/nNUMBER; its network configuration is read from cni/ in there.
. "$(dirname "$0")/common.sh"
number=$1
name=n$number
disk=$PLAT_E2E_RUN/$name
address=10.98.0.1$number
mkdir -p "$disk/kubelet" "$disk/containerd" "$disk/cni" "$disk/var-lib-cni"

ip netns add "plat-$name"
ip -n plat-control link add "$name" type veth peer name eth0 netns "plat-$name"
ip -n plat-control link set "$name" master nodes up
ip -n "plat-$name" link set lo up
ip -n "plat-$name" addr add "$address/24" dev eth0
ip -n "plat-$name" link set eth0 up
ip -n "plat-$name" route add default via "$CONTROL_PLANE"

# One root for each node: two kubelets at the same one take each other's pods for orphans.
for cgroup in $(node_cgroups "$name"); do
  mkdir -p "$cgroup"
  case $cgroup in */cpuset*/*) for file in cpuset.cpus cpuset.mems; do cat "$cgroup/../$file" >"$cgroup/$file"; done ;; esac
done

# restrict_oom_score_adj: without CAP_SYS_RESOURCE no sandbox starts otherwise.
cat >"$disk/containerd.toml" <<TOML
version = 3
root = "$disk/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "plat.test/pod:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["$PLAT_E2E_RUN/cnibin"]
  conf_dir = "$disk/cni"
TOML

# runtimeRequestTimeout bounds a call to containerd; starting a sandbox may take twice as long.
cat >"$disk/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
runtimeRequestTimeout: ${PLAT_E2E_REQUEST_TIMEOUT:-2m}
cgroupDriver: cgroupfs
cgroupRoot: /plat-$name
failSwapOn: false
maxPods: 200
resolvConf: ''
healthzBindAddress: 127.0.0.1
kubeAPIQPS: 100
kubeAPIBurst: 200
evictionHard: { imagefs.available: '0%', nodefs.available: '0%', nodefs.inodesFree: '0%' }
YAML

start "$name" "$name" env -i PATH="$PLAT_K8S_HOME/containerd:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 \
  PLAT_K8S_HOME="$PLAT_K8S_HOME" PLAT_E2E_RUN="$PLAT_E2E_RUN" \
  unshare --mount --pid --fork --mount-proc --kill-child "$SCRIPTS/node-init.sh" "$name" "$address"
has_init() { [ -n "$(node_init "$name")" ]; }
wait_until 10 "process 1 of $name" has_init
