#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# An image goes from a registry into our store, and podman and skopeo send it from there, read-only, to the registry
# again: it is the same image. And podman pulls what stands on it without asking for what is in the store.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd skopeo python3 jq
. "$SRC/tests/root/podman-common.sh"
. "$SRC/tests/lib/registry.sh"

# What tools remember of blobs they take for still being in the registry, and don't send or fetch these.
forget () { rm -rf /var/lib/containers/cache; : >registry.log; }

registry_start
copy () { skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "$@"; }
manifest () { skopeo inspect --raw --tls-verify=false "$@"; }
digest () { manifest "$@" | sha256sum | cut -d' ' -f1; }
layers () { manifest "$@" | jq -r '.layers[].digest'; }
# What was sent as the blobs of NAME, by digest.
sent () { asked PUT "/v2/$1/blobs/uploads/" | sed -n 's/.*digest=sha256%3A\([0-9a-f]*\).*/sha256:\1/p' | sort; }
fetched () { asked GET "/v2/$1/blobs/" | sed 's,.*/,,' | sort; }

# What makes a layer hard to make again: hardlinks, xattrs, names that are long or not ASCII, a hole, an entry that
# comes twice, whiteouts with an owner, an opaque directory.
long=$(printf 'long%.0s' {1..40})
mktar base.tar pax 'd|./|' 'd|bin|' 'd|etc|' 'f|etc/base|base|SCHILY.xattr.user.x=1|uid=12' 'h|etc/hard|etc/base' "f|etc/$long|long" 'f|etc/ä|umlaut' \
  'f|etc/gone|1' 'd|etc/sub|' 'f|etc/sub/lower|2' 'f|twice|first' 'f|twice|second' 'l|bin/sh|busybox'
mktar one.tar gnu 'd|etc|' 'f|etc/.wh.gone||uid=7' 'f|etc/sub/.wh..wh..opq|' 'f|etc/sub/upper|3' "f|$long/$long|4" 'f|big||size=300000'
truncate -s 1M hole
echo end >>hole
tar --sparse -cf sparse.tar hole
mktar next.tar pax 'f|etc/next|5'
mkimage layout app base.tar:none one.tar:none sparse.tar:none >/dev/null
mkimage layout next base.tar:none one.tar:none sparse.tar:none next.tar:none >/dev/null
# With gzip of Go's, as all that podman, skopeo and buildah send.
copy oci:layout:app "docker://$at/app:1"
copy oci:layout:next "docker://$at/next:1"

export UNDERLAY_REPO=repo
"$UNDERLAY" init --mode=bare
"$UNDERLAY" image import -q --insecure-policy --tls-verify=false --name=app "docker://$at/app:1"
"$UNDERLAY" image store create -q --store=store app
pod_ro store
original=$(digest "docker://$at/app:1")
blobs=$(layers "docker://$at/app:1")
config=$(manifest "docker://$at/app:1" | jq -r .config.digest)
is "the image's layers are packed" "$(grep -cFf <(sha256sum base.tar one.tar sparse.tar | cut -d' ' -f1) <<<"$blobs")" 0

forget
ok "podman pushes it" pod push -q --tls-verify=false app "docker://$at/pushed:1"
is "it has the original digest" "$(digest "docker://$at/pushed:1")" "$original"
is "and layers" "$(layers "docker://$at/pushed:1")" "$blobs"
is "all of which were sent" "$(sent pushed)" "$(printf '%s\n' "$blobs" "$config" | sort)"

src=containers-storage:[overlay@$PWD/primary+$PWD/run:additionalimagestore=$PWD/ro]localhost/app:latest
forget
ok "skopeo copies it to a registry" copy "$src" "docker://$at/copied:1"
is "skopeo: the original digest" "$(digest "docker://$at/copied:1")" "$original"
is "skopeo: all was sent" "$(sent copied)" "$(printf '%s\n' "$blobs" "$config" | sort)"
forget
ok "skopeo copies it to a layout" copy "$src" oci:copied:1
is "layout: the original digest" "$(digest oci:copied:1)" "$original"
forget
ok "podman saves it" pod save -q --format oci-dir -o saved app
is "save: the original digest" "$(digest oci:saved)" "$original"
ok "podman saves it as Docker does" pod save -q -o saved.tar app
is "save: the layers' tars are what they were" "$(tar -xOf saved.tar manifest.json | jq -r '.[0].Layers[]' | while read -r l; do tar -xOf saved.tar "$l" | sha256sum; done)" \
  "$(sha256sum <base.tar; sha256sum <one.tar; sha256sum <sparse.tar)"

# Another packing isn't made again by podman, the tar is.
mkimage other app base.tar one.tar:zstd sparse.tar:gzips >/dev/null
"$UNDERLAY" init --repo=repo2 --mode=bare
"$UNDERLAY" image import -q --repo=repo2 --name=other oci:other:app
umount ro
"$UNDERLAY" image store create -q --repo=repo2 --store=store2 other
pod_ro store2
forget
ok "another packing: podman pushes it" pod push -q --tls-verify=false other "docker://$at/other:1"
is "it has the config and, packed by podman, the layers" "$(manifest "docker://$at/other:1" | jq -r '.config.digest,.layers[].digest')" "$(printf '%s\n' "$config" "$blobs")"

# An image whose lower layers are in the store: by podman's own storage, where nothing is yet.
pulls ()
{
  primary=$1
  pod_ro "$2"
  forget
  ok "$1: podman pulls" pod pull -q --tls-verify=false "docker://$at/next:1"
  is "$1: only the layer that is new is written" "$(find "$1/overlay" -mindepth 1 -maxdepth 1 -type d ! -name l | wc -l) $(jq length "$1/overlay-layers/layers.json")" "1 1"
  is "$1: it stands on the store's" "$(jq -r '.[0].parent' "$1/overlay-layers/layers.json")" "$(jq -r '.[0].layer' "$2/overlay-images/images.json")"
  ok "$1: it can be inspected" pod image inspect "$at/next:1"
}
pulls pulled store
top=$(layers "docker://$at/next:1" | tail -n 1)
is "only that is fetched, and the config" "$(fetched next)" "$(printf '%s\n' "$top" "$(manifest "docker://$at/next:1" | jq -r .config.digest)" | sort)"
mnt=$(pod mount "$(pod create "${limits[@]}" "$at/next:1" /bin/sh)")
is "it has all" "$(cat "$mnt/etc/next" "$mnt/etc/hard" "$mnt/$long/$long" "$mnt/twice"; ls "$mnt/etc/sub")" "5base4secondupper"
# Packed otherwise the blobs have other digests: they're fetched, and found to be there.
pulls pulled-otherwise store2
ok "an image of another packing is whole" pod push -q --tls-verify=false "$at/next:1" dir:whole
done_testing
