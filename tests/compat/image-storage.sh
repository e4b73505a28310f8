#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images from the storage of podman, buildah and CRI-O, through skopeo.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd skopeo python3 jq

u () { "$UNDERLAY" --repo=r "$@"; }
import () { timeout 60 "$UNDERLAY" --repo=r image import --insecure-policy "$@"; }
storage="containers-storage:[vfs@$T/root+$T/run]"
u init --mode=bare-user
# skopeo leaves the layers that it reads from a storage in its directory for temporary files.
mkdir tmpdir
export TMPDIR=$T/tmpdir
mktar 1.tar pax 'd|etc|' 'f|etc/one|1' 'f|big||size=3000000'
mktar 2.tar gnu 'd|etc|' 'f|etc/.wh.one|' 'f|etc/two|2'
digest=$(mkimage layout v1 1.tar 2.tar:zstd)
skopeo --insecure-policy copy -q oci:layout:v1 "${storage}example.com/team/app:1"

like "import: the name is the storage's" "$(import "${storage}example.com/team/app:1")" "^example.com/team/app:1: 2 layers, 2 new"
is "the manifest is the one that was put there" "$(u image show --json example.com/team/app:1 | jq -r .manifest)" "$digest"
"$UNDERLAY" --repo=other init --mode=bare-user
# Which has no blobs, of which something could be kept.
"$UNDERLAY" --repo=other image import -q --no-keep-blobs --name=example.com/team/app:1 oci:layout:v1
is "all is as from the layout" "$(u refs | sort | while read -r ref; do u rev-parse "$ref"; done)" \
  "$("$UNDERLAY" --repo=other refs | sort | while read -r ref; do "$UNDERLAY" --repo=other rev-parse "$ref"; done)"
like "again: nothing is read" "$(import "${storage}example.com/team/app:1")" '2 layers, 0 new .*, unchanged$'
id=$(u image show --json example.com/team/app:1 | jq -r .id)
like "by id, with a name" "$(import --name=byid "${storage}@${id#sha256:}")" '^localhost/byid:latest: 2 layers, 0 new'
fails_with "by id, without" '^error: import .*: no name for the image, give one with --name: ' import "${storage}@${id#sha256:}"
is "nothing of skopeo's is left" "$(ls tmpdir; find r/tmp -name '.underlay-*')" ""
fails_with "no such image" '^error: import containers-storage:.*: skopeo: ' import "${storage}localhost/nix:1"
fails_with "no name" '^error: import containers-storage:: no path$' import containers-storage:

mkdir -p home/.config/containers
echo '{"default": [{"type": "reject"}]}' >home/.config/containers/policy.json
fails_with "a policy that asks for more is kept to" 'policy.json asks for reject, which skopeo verifies only when it copies' \
  env HOME="$T/home" timeout 60 "$UNDERLAY" --repo=r image import "${storage}example.com/team/app:1"

# What a layer was made of is gone: the storage says so, or it shows in the sums.
"$UNDERLAY" --repo=r image remove -q --unused example.com/team/app:1 byid
base=$(sha256sum 1.tar | cut -d' ' -f1)
printf 2 >"root/vfs/dir/$base/etc/one"
fails_with "a file of a layer has changed" '^error: import .*: layer 1, ' import "${storage}example.com/team/app:1"
rm "root/vfs/dir/$base/big"
fails_with "a file of a layer is missing" '^error: import .*: layer 1, ' import "${storage}example.com/team/app:1"
is "nothing of it is there" "$(u refs)" ""
done_testing
