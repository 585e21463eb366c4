#!/bin/sh
# Builds the etcd server of a given version from its published Go module, for running the tests against several versions:
#   scripts/build-etcd.sh 3.6.4 /tmp/etcd-3.6 && PLAT_TEST_ETCD=/tmp/etcd-3.6/etcd npm test
# Needs Go and its module proxy. `go install` refuses etcd's modules (replace directives), a module of one file does not.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: scripts/build-etcd.sh VERSION DIR   (VERSION such as 3.6.4; the program becomes DIR/etcd)" >&2
  exit 2
fi
version=$1
target=$2

mkdir -p "$target"
target=$(cd "$target" && pwd)
module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"

cat >main.go <<'GO'
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
GO
go mod init etcd-for-tests
go get "go.etcd.io/etcd/server/v3@v$version"
CGO_ENABLED=0 go build -o "$target/etcd" .
"$target/etcd" --version
