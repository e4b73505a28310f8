#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# examples/pipeline: from packages to containers from a deployed tree, and the same again.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd dpkg-deb jq
. "$SRC/tests/root/podman-common.sh"

export RUN_OPTIONS="${limits[*]}" PODMAN="podman --runtime crun --cgroup-manager cgroupfs"
shopt -s nullglob
cached=(/var/cache/underlay-test/base-files_*.deb)
[ ${#cached[@]} -gt 0 ] || skip_all "the packages aren't there (./check downloads them)"

run "$SRC/examples/pipeline/pipeline" --debs=/var/cache/underlay-test p
is "it ends well" "$status" 0
[ "$status" = 0 ] || diag "$out$err"
containers=$(sed -n '/^== Containers/,$p' <<<"$out" | tail -n +2)
like "podman sees the images, read-only" "$containers" 'localhost/web:1 true'
is "and there are three" "$(grep -c '^localhost/.* true$' <<<"$containers")" 3
like "a container has what was added" "$containers" 'Hello from the deployed tree'
like "and not what was deleted" "$containers" 'ls: /etc/services: No such file or directory'
is "a replaced directory has only what was put there" "$(grep -c '^only$' <<<"$containers")" 1
is "podman has no layer of its own" "$(tail -n 1 <<<"$containers")" "Layers that podman has copied: 0"
like "the store in the tree is sound" "$out" '3 images, 3 layers: 0 errors and 0 warnings'
images () { "$UNDERLAY" --repo="$1/repo" image list --json | jq -r '.[].manifest' | sort; }
run "$SRC/examples/pipeline/pipeline" --debs=/var/cache/underlay-test again
is "again: the same images" "$(images p)" "$(images again)"
is "and the same tree" "$("$UNDERLAY" --repo=p/repo rev-parse host/main)" "$("$UNDERLAY" --repo=again/repo rev-parse host/main)"
ok "the repository is sound" "$UNDERLAY" --repo=p/repo fsck -q
run "$SRC/examples/pipeline/pipeline" p
is "what is there isn't touched" "$status" 1
run "$SRC/examples/pipeline/pipeline" --nix x
is "usage" "$status" 2
done_testing
