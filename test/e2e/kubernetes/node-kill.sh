#!/bin/sh
# node-kill.sh NUMBER: power loss. Everything on node nNUMBER ends at once; only its disk remains.
. "$(dirname "$0")/common.sh"
name=n$1

# The kernel ends all of a pid namespace with its process 1, and what waits for process 1 ends last.
if [ -e "$PLAT_E2E_RUN/$name.pid" ]; then
  outer=$(cat "$PLAT_E2E_RUN/$name.pid")
  if ours "$outer"; then
    init=$(node_init "$name")
    kill -9 ${init:-"$outer"}
    wait_until 30 "the end of $name" gone "$outer"
  fi
  rm -f "$PLAT_E2E_RUN/$name.pid"
fi
# First the cable: a namespace takes its interfaces along only when the kernel finds the time.
ip -n plat-control link del "$name" 2>/dev/null || true
if [ -e "/run/netns/plat-$name" ]; then ip netns del "plat-$name"; fi

# Those that are left over delay the next kubelet by seconds each.
no_cgroup() {
  for cgroup in $(node_cgroups "$name"); do
    [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ ! -d "$cgroup" ] || return 1
  done
}
wait_until 10 "the end of the cgroups of $name" no_cgroup
