#!/bin/sh
# down.sh: ends everything of a run and removes its interfaces, namespaces, cgroups and folder. To be repeated at will, also after a crash.
. "$(dirname "$0")/common.sh"
[ -d "$PLAT_E2E_RUN" ] || exit 0

failed=
for disk in "$PLAT_E2E_RUN"/n[0-9]; do
  [ ! -d "$disk" ] || "$SCRIPTS/node-kill.sh" "${disk##*/n}" || failed=yes
done
for name in scheduler controller-manager apiserver kubernetes-etcd plat-etcd; do stop "$name" || failed=yes; done
if [ -e "/sys/class/net/$UPLINK" ]; then ip link del "$UPLINK"; fi
if [ -e /run/netns/plat-control ]; then ip netns del plat-control; fi
if [ -e "$PLAT_E2E_RUN/sysctl.saved" ]; then sysctl -q -p "$PLAT_E2E_RUN/sysctl.saved"; fi
if [ -n "$failed" ]; then
  echo "down.sh: not all has ended; $PLAT_E2E_RUN is kept" >&2
  exit 1
fi
rm -rf "$PLAT_E2E_RUN"
