#!/bin/sh
# node-exec.sh NUMBER COMMAND...: runs a command on a node.
. "$(dirname "$0")/common.sh"
init=$(node_init "n$1")
shift
[ -n "$init" ] || { echo 'node-exec.sh: the node is down' >&2; exit 1; }
exec nsenter --target "$init" --mount --net --pid -- "$@"
