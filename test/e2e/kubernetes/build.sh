#!/bin/sh
# Builds what the nodes run into $PLAT_K8S_HOME, each piece once, from published Go modules:
#   bin/         kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl
#   containerd/  containerd, containerd-shim-runc-v2, ctr
#   cnibin/      bridge, host-local, loopback
# An empty folder and an empty Go cache take two cores about 8 minutes.
set -eu

KUBERNETES=1.33.0
CONTAINERD=v2.2.9
CNI_PLUGINS=v1.9.1

: "${PLAT_K8S_HOME:?the folder to build into}"
export CGO_ENABLED=0 GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off
sources=
trap 'rm -rf "$sources"' EXIT
trap 'exit 130' INT TERM

# A program appears under its name when it is complete.
built() { [ -x "$PLAT_K8S_HOME/$1" ]; }
build() { # build TARGET PACKAGE [FLAGS...]
  _target=$1 _package=$2
  shift 2
  echo "build.sh: $_target" >&2
  mkdir -p "$(dirname "$PLAT_K8S_HOME/$_target")"
  go build "$@" -o "$PLAT_K8S_HOME/$_target.part" "$_package"
  mv "$PLAT_K8S_HOME/$_target.part" "$PLAT_K8S_HOME/$_target"
}

# Sources are left in a folder of their own, which is removed in the end.
workspace() {
  [ -n "$sources" ] || sources=$(mktemp -d)
  mkdir -p "$sources/$1"
  cd "$sources/$1"
}

# `go install` refuses Kubernetes: its staging modules are replaced by folders. Each is published too, as v0.MINOR.PATCH.
kubernetes_module() {
  workspace kubernetes
  [ ! -e go.mod ] || return 0
  _published=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    echo "module plat.test/kubernetes"
    sed -n 's/^go /&/p' "$_published"
    echo "require k8s.io/kubernetes v$KUBERNETES"
    sed -n "s|.*\(k8s.io/[a-z-]*\) => ./staging/.*|replace \1 => \1 v0.${KUBERNETES#*.}|p" "$_published"
  } >go.mod
  server kube-apiserver NewAPIServerCommand
  server kube-controller-manager NewControllerManagerCommand
  server kube-scheduler NewSchedulerCommand
  server kubelet NewKubeletCommand
  go mod tidy
}

# The main packages themselves import packages for versions and metrics that only their own build needs.
server() { # server NAME CONSTRUCTOR
  mkdir -p "$1"
  cat >"$1/main.go" <<GO
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/$1/app"
)

func main() { os.Exit(cli.Run(app.$2())) }
GO
}

for name in kube-apiserver kube-controller-manager kube-scheduler kubelet; do
  built bin/$name && continue
  kubernetes_module
  build bin/$name ./$name
done
if ! built bin/kubectl; then
  kubernetes_module
  build bin/kubectl k8s.io/kubernetes/cmd/kubectl
fi

# `go install` refuses containerd too (exclude directives): built in a copy of its module.
for name in containerd containerd-shim-runc-v2 ctr; do
  built containerd/$name && continue
  workspace containerd
  if [ ! -e go.mod ]; then
    module=$(GOFLAGS=-mod=mod go mod download -json "github.com/containerd/containerd/v2@$CONTAINERD" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    cp -r "$module/." .
    chmod -R u+w .
  fi
  build containerd/$name "./cmd/$name" -tags 'no_btrfs no_devmapper no_zfs' \
    -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$CONTAINERD"
done

for plugin in main/bridge main/loopback ipam/host-local; do
  built cnibin/${plugin#*/} && continue
  workspace plugins
  [ -e go.mod ] || go mod init plat.test/plugins 2>/dev/null
  go get "github.com/containernetworking/plugins/plugins/$plugin@$CNI_PLUGINS"
  build cnibin/${plugin#*/} "github.com/containernetworking/plugins/plugins/$plugin"
done
