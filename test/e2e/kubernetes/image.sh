#!/bin/sh
# image.sh FILE: writes the only image of the cluster, plat.test/pod:1 (busybox that waits to be ended), as `ctr images import` reads it.
# It serves as every pod's sandbox and container. No registry is asked.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/tmp"
cp "$(command -v busybox)" "$work/root/bin/busybox"
for applet in sh sleep ip ping; do ln -s busybox "$work/root/bin/$applet"; done
echo 'root:x:0:0:root:/:/bin/sh' >"$work/root/etc/passwd"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work/root" -cf "$work/layer.tar" .
layer=$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)

cat >"$work/config.json" <<JSON
{
  "architecture": "$(go env GOARCH 2>/dev/null || echo amd64)",
  "os": "linux",
  "created": "1970-01-01T00:00:00Z",
  "config": { "Env": ["PATH=/bin"], "Cmd": ["/bin/sh", "-c", "trap 'exit 0' TERM; sleep 2147483647 & wait"] },
  "rootfs": { "type": "layers", "diff_ids": ["sha256:$layer"] },
  "history": [{ "created": "1970-01-01T00:00:00Z" }]
}
JSON
echo '[{ "Config": "config.json", "RepoTags": ["plat.test/pod:1"], "Layers": ["layer.tar"] }]' >"$work/manifest.json"
tar -C "$work" -cf "$out" manifest.json config.json layer.tar
