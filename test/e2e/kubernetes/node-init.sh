#!/bin/bash
# node-init.sh NAME ADDRESS: process 1 of a node. Mounts what a boot would find empty, then keeps containerd and the kubelet running.
name=$1 address=$2
disk=$PLAT_E2E_RUN/$name

mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/netns
mount -t tmpfs -o mode=755 tmpfs /var/log
mount -t tmpfs -o mode=755 tmpfs /var/lib && mkdir /var/lib/kubelet /var/lib/cni
mount --bind "$disk/kubelet" /var/lib/kubelet
mount --bind "$disk/var-lib-cni" /var/lib/cni

supervise() { # supervise NAME COMMAND...: starts it again a second after it ended
  local service=$1
  shift
  while :; do
    "$@" >>"$disk/$service.log" 2>&1 &
    echo $! >"/run/$service.pid"
    wait $!
    echo "=== $service ended with $? at $(date +%T.%N)" >>"$disk/$service.log"
    sleep 1
  done
}

supervise containerd containerd -c "$disk/containerd.toml" &
for _ in $(seq 300); do
  ctr version >/dev/null 2>&1 && break
  sleep 0.1
done
if [ ! -e "$disk/image-imported" ]; then
  ctr -n k8s.io images import "$PLAT_E2E_RUN/pod.tar" && touch "$disk/image-imported"
fi
supervise kubelet "$PLAT_K8S_HOME/bin/kubelet" --config="$disk/kubelet.yaml" --kubeconfig="$PLAT_E2E_RUN/kubeconfig" \
  --hostname-override="$name" --node-ip="$address" &
# As process 1 it also reaps what lost its parent.
while :; do
  wait
  sleep 1
done
