#!/bin/sh
# store.sh start|kill|hang|wake: plat's own etcd, which writes to the disk as one in use would. What it holds outlives a kill.
. "$(dirname "$0")/common.sh"
cd "$PLAT_E2E_RUN"
healthy() { curl -sf --max-time 1 "http://$CONTROL_PLANE:2389/health"; }

case $1 in
start)
  start plat-etcd control etcd --data-dir plat-etcd --log-level error \
    --listen-client-urls "http://$CONTROL_PLANE:2389" --advertise-client-urls "http://$CONTROL_PLANE:2389" \
    --listen-peer-urls "http://$CONTROL_PLANE:2390" --initial-advertise-peer-urls "http://$CONTROL_PLANE:2390" \
    --initial-cluster "default=http://$CONTROL_PLANE:2390"
  wait_until 30 'the etcd of plat' healthy
  ;;
kill) stop plat-etcd ;;
hang) kill -STOP "$(cat plat-etcd.pid)" ;;
wake) kill -CONT "$(cat plat-etcd.pid)" ;;
*)
  echo "store.sh: start, kill, hang or wake, not $1" >&2
  exit 2
  ;;
esac
