#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images that go through a repository are the same to skopeo, umoci and podman, or have the same content.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd skopeo umoci podman python3

"$UNDERLAY" init --repo=repo --mode=bare
u () { "$UNDERLAY" --repo=repo "$@"; }
copy () { skopeo --insecure-policy copy -q "$@"; }
digest () { skopeo inspect --format '{{.Digest}}' "$1"; }

mktar one.tar pax 'd|etc|' 'f|etc/hello|hello|mode=640|uid=3|gid=4|SCHILY.xattr.user.note=x' 'h|etc/hard|etc/hello' 'f|etc/gone|1'
mktar two.tar gnu 'f|etc/.wh.gone|' 'f|etc/two|2' 'f|big||size=3000000'

# Layers that can be made again: not packed, packed by Python.
for packing in none gzip; do
  mkimage "in-$packing" v1 "one.tar:$packing" "two.tar:$packing" >/dev/null
  u image import -q --name="$packing" "oci:in-$packing"
  ok "$packing: goes out" u image export --exact "$packing" "oci:out-$packing:v1"
  is "$packing: skopeo sees the same digest" "$(digest "oci:out-$packing:v1")" "$(digest "oci:in-$packing:v1")"
  ok "$packing: skopeo copies it" copy "oci:out-$packing:v1" "dir:dir-$packing"
done
ok "oci-archive: goes out" u image export --exact gzip oci-archive:out.tar:v1
is "oci-archive: skopeo sees the same digest" "$(digest oci-archive:out.tar:v1)" "$(digest oci:in-gzip:v1)"
# By us, as what was packed anew.
mkimage in-zstd v1 one.tar:zstd two.tar:zstd >/dev/null
u image import -q --no-keep-blobs --name=zstd oci:in-zstd
run u image export zstd oci:out-zstd:v1
like "zstd: goes out anew" "$err" '2 of 2 layers packed anew$'
ok "zstd: skopeo copies it" copy oci:out-zstd:v1 dir:dir-zstd
# By skopeo, whose gzip is Go's.
copy --dest-compress --dest-compress-format gzip oci:in-none:v1 oci:in-go:v1
for keep in "" --no-keep-blobs; do
  "$UNDERLAY" init --repo="go$keep" --mode=bare
  "$UNDERLAY" --repo="go$keep" image import -q ${keep:+"$keep"} --name=go oci:in-go
  run "$UNDERLAY" --repo="go$keep" image export go "oci:out-go$keep:v1"
  is "of skopeo$keep: goes out" "$status" 0
  ok "of skopeo$keep: skopeo copies it" copy "oci:out-go$keep:v1" "dir:dir-go$keep"
done
is "how it was packed is kept, so that it's the same" "$(digest oci:out-go:v1)" "$(digest oci:in-go:v1)"
isnt "which it isn't without" "$(digest oci:out-go--no-keep-blobs:v1)" "$(digest oci:in-go:v1)"

# What is in it is the same to the others, too.
unpack () { umoci unpack --image "$1" "$2" && cp -a "$2/rootfs" "$2-rootfs"; }
ok "umoci unpacks what came" unpack in-gzip:v1 came
for image in out-none out-gzip out-go out-go--no-keep-blobs; do
  ok "umoci unpacks $image" unpack "$image:v1" "umoci-$image"
  same_tree "$image is the same to umoci" came-rootfs "umoci-$image-rootfs"
done

# podman's store: of each the very same layers.
podman_ () { podman --root "$T/root" --runroot "$T/run" --storage-driver vfs "$@"; }
for image in in-gzip out-gzip out-zstd out-go; do
  ok "podman takes $image" podman_ pull -q "oci:$image:v1"
done
is "they have the same layers" "$(podman_ images -q | xargs podman --root "$T/root" --runroot "$T/run" --storage-driver vfs inspect --format '{{.RootFS.Layers}}' | sort -u | wc -l)" 1
is "podman sees the one image, with several manifests" "$(podman_ images -q --no-trunc | sort -u | wc -l)" 1

# An image of podman's, with a manifest of Docker's.
mkdir empty
copy --format v2s2 oci:in-gzip:v1 docker-archive:docker.tar:x:1
u image import -q --name=docker docker-archive:docker.tar
ok "Docker's manifest: goes out" u image export docker oci:out-docker:v1
ok "Docker's manifest: skopeo reads it" copy oci:out-docker:v1 dir:dir-docker
ok "Docker's manifest: podman takes it" podman_ pull -q oci:out-docker:v1
ok "Docker's manifest: umoci unpacks it" unpack out-docker:v1 umoci-docker
same_tree "Docker's manifest: the same to umoci" came-rootfs umoci-docker-rootfs

done_testing
