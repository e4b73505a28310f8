#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images by their IDs: wherever an image of the repository is named, and in the verbs that change a store.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
image () { u image "$@"; }
id_of () { python3 -c "
import json
index = json.load(open('$1/index.json'))
print(json.load(open('$1/blobs/sha256/' + index['manifests'][0]['digest'][7:]))['config']['digest'][7:])"; }

u init --mode=bare-user
mktar a.tar pax 'd|etc|' 'f|etc/a|a'
mktar b.tar pax 'f|etc/b|b'
mkimage one v1 a.tar >/dev/null
mkimage two v1 a.tar b.tar >/dev/null
image import -q --name=q.example/one:1 oci:one:v1
image import -q --name=q.example/two:1 oci:two:v1
one=$(id_of one) two=$(id_of two)

for id in "$two" "${two:0:12}" "${two:0:4}" "sha256:$two"; do
  is "show $id" "$(image show "$id")" "$(image show q.example/two:1)"
done
is "what the table prints can be typed" "$(image show "$(image list q.example/two:1 | awk 'END { print $2 }')")" "$(image show q.example/two:1)"
is "list" "$(image list --names "${two:0:12}")" "q.example/two:1"
is "df" "$(image df "${two:0:12}")" "$(image df q.example/two:1)"
is "diff" "$(image diff "${one:0:12}" "$two")" "$(image diff q.example/one:1 q.example/two:1)"
ok "export" image export -q "${two:0:12}" oci:out:v1
is "is that one" "$(id_of out)" "$two"
ok "build upon it" image build -q --base="${one:0:12}" --timestamp=@1 built
is "is that one's layers" "$(image diff --layers --stat "$one" built)" "$(image diff --layers --stat q.example/one:1 built)"

# In an OS tree: an image that is given twice, by name and by ID, is there once.
at=/usr/lib/containers/storage
mkdir empty
embed () { u commit -b "$1" --no-bindings --parent=none --timestamp=@1 --tree=dir=empty --image-store="$at=$2" >/dev/null; }
ok "embed by name" embed by-name q.example/two:1
ok "embed by ID" embed by-id "$two"
ok "embed by both" embed by-both "${two:0:12},q.example/two:1,sha256:$two"
is "the same store" "$(u ls -R -C by-id | sed 1d)" "$(u ls -R -C by-name | sed 1d)"
is "once" "$(u rev-parse by-both)" "$(u rev-parse by-id)"

# An ID that two names have; one that nothing has; a name that looks like one.
image import -q --name=q.example/two:2 oci:two:v1
for verb in show "show --config" remove "remove --dry-run" list "export -q --exact"; do
  read -ra words <<<"$verb ${two:0:8}"
  [[ $verb != export* ]] || words+=(oci:none)
  fails_with "$verb: an ID of two names" "ID ${two:0:8} fits q.example/two:1 and q.example/two:2: say which by its name\$" image "${words[@]}"
done
is "both are there" "$(image list --names)" $'localhost/built:latest\nq.example/one:1\nq.example/two:1\nq.example/two:2'
other=$(tr 0-9a-f 1-9a-f0 <<<"${two:0:12}")
fails_with "an ID of none" "^error: image localhost/$other:latest: not there\$" image show "$other"
fails_with "no more than three digits" "^error: image localhost/${two:0:3}:latest: not there\$" image show "${two:0:3}"
image import -q "--name=${one:0:12}" oci:two:v1
is "a name goes first" "$(image show --json "${one:0:12}" | python3 -c 'import json,sys;print(json.load(sys.stdin)["name"])')" "localhost/${one:0:12}:latest"
"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" config --repo=child set core.parent "$T/r" >/dev/null
of_child () { "$UNDERLAY" image "$1" --repo=child "${@:2}"; }
is "of the parent's, by name" "$(of_child show q.example/one:1 | head -1)" "Name:        q.example/one:1"
is "of the parent's, by ID" "$(of_child show "sha256:${one:0:12}" | head -1)" "Name:        q.example/one:1"
of_child import -q --name=q.example/one:1 oci:two:v1
fails_with "what the child has by that name goes first" 'not there' of_child show "sha256:${one:0:12}"
is "remove by ID" "$(image remove "$one" | head -1)" "image q.example/one:1"
done_testing
