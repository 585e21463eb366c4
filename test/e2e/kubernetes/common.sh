# Sourced by the scripts of this folder: where things are, and how processes are started and ended.
set -eu
umask 022

: "${PLAT_K8S_HOME:?the folder with the programs that build.sh made}"
: "${PLAT_E2E_RUN:?the folder of this run: its data, logs, certificates}"
export PLAT_K8S_HOME PLAT_E2E_RUN

SCRIPTS=$(cd "$(dirname "$0")" && pwd)
CONTROL_PLANE=10.98.0.1
# The only trace in this machine's own network; its rules and ports are out of the way in the namespaces.
UPLINK=plat-e2e
UPLINK_ADDRESS=10.98.0.254

# A zombie has ended, though `kill -0` finds it.
alive() {
  [ -e "/proc/$1/status" ] && ! grep -q '^State:.*Z' "/proc/$1/status"
}

# A pid file may outlive its process, and the number may be another's by now: ours carry the run's folder in their environment.
ours() {
  alive "$1" && tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | grep -qxF "PLAT_E2E_RUN=$PLAT_E2E_RUN"
}

# wait_until SECONDS WHAT COMMAND...
wait_until() {
  _tries=$(($1 * 10)) _what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    _tries=$((_tries - 1))
    if [ "$_tries" -le 0 ]; then
      echo "gave up waiting: $_what" >&2
      return 1
    fi
    sleep 0.1
  done
}

# start NAME NETWORK COMMAND...: a server of its own session in a network namespace; its pid in NAME.pid, what it prints in NAME.log
start() {
  _name=$1 _network=$2
  shift 2
  # Not `ip netns exec`, which would hide the cgroups.
  setsid nsenter --net="/run/netns/plat-$_network" -- "$@" >>"$PLAT_E2E_RUN/$_name.log" 2>&1 </dev/null &
  echo $! >"$PLAT_E2E_RUN/$_name.pid"
}

gone() { ! alive "$1"; }

# stop NAME: ends at once what `start` started; nothing of it is needed any more
stop() {
  [ -e "$PLAT_E2E_RUN/$1.pid" ] || return 0
  _pid=$(cat "$PLAT_E2E_RUN/$1.pid")
  if ours "$_pid"; then
    kill -9 "$_pid" 2>/dev/null || true
    wait_until 10 "the end of $1" gone "$_pid"
  fi
  rm -f "$PLAT_E2E_RUN/$1.pid"
}

# Process 1 of a node, as this machine counts; empty before it runs.
node_init() {
  _outer=$(cat "$PLAT_E2E_RUN/$1.pid")
  tr -d ' ' <"/proc/$_outer/task/$_outer/children" 2>/dev/null || true
}

# The folders of one node in all hierarchies of cgroup v1.
node_cgroups() {
  for _hierarchy in /sys/fs/cgroup/*/; do
    case $_hierarchy in */unified/) continue ;; esac
    echo "${_hierarchy}plat-$1"
  done
}
