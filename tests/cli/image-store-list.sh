#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store list: images, layers, and what is missing in them.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3
. "$SRC/tests/cli/store-common.sh"

app=$(image_of example.org/app:1)
base_image=$(image_of example.org/base:1)
nbsp=$(printf '\302\240')
size () { echo "$(($(stat -c %s "$1") + ${2:-0}))"; }
kb () { awk -v n="$1" 'BEGIN { printf "%.1f kB", n / 1000 }' | tr ' ' "$nbsp"; }

is "images" "$(store list --store=store | sed "s/$nbsp/ /g")" \
"NAMES               ID            LAYERS     SIZE  CREATED
example.org/base:1  ${base_image:0:12}       1  10.2 kB  2026-11-28T12:00:00Z
example.org/app:1   ${app:0:12}       2  20.5 kB  2026-11-28T12:00:00Z"
is "layers" "$(store list --store=store --layers | sed "s/$nbsp/ /g")" \
"ID            PARENT           SIZE  DIFF  IMAGES
${base:0:12}  -             10.2 kB  yes   example.org/base:1, example.org/app:1
${upper:0:12}  ${base:0:12}  10.2 kB  yes   example.org/app:1"

keys () { python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d), *d[0].keys())'; }
is "--json" "$(store list --store=store --json | keys)" "2 names id digest layer layers size created"
is "--layers --json" "$(store list --store=store --layers --json | keys)" "2 id parent diff_digest size has_diff images"
is "what it says" "$(store list --store=store --json | python3 -c 'import json,sys; d=json.load(sys.stdin)[1]; print(d["names"], d["id"], d["layer"], d["layers"], d["size"])')" \
  "['example.org/app:1'] $app $upper 2 20480"
is "the digest is the manifest's" "$(store list --store=store --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[1]["digest"])')" \
  "$(sha256sum <"store/overlay-images/$app/manifest" | cut -d' ' -f1)"
is "whose layers they are" "$(store list --store=store --layers --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["images"])')" \
  "['$base_image', '$app']"

# One row for each name; none; names that would change a terminal.
cp -a store names
edit names/overlay-images/images.json 'd[0]["names"] = ["a:1", "b\u001b[31m:1"]; d[1]["names"] = []; del d[1]["created"]; d[0]["created"] = "2026-11-28T12:00:00.123456789+02:00"'
is "several names and none" "$(store list --store=names | awk '{ print $1, $2, $3, $NF }')" \
"NAMES ID LAYERS CREATED
a:1 ${base_image:0:12} 1 2026-11-28T10:00:00Z
b\\x1b[31m:1 ${base_image:0:12} 1 2026-11-28T10:00:00Z
- ${app:0:12} 2 -"

# What is damaged is listed as far as it goes.
cp -a store broken
rm -r "broken/overlay/$upper/diff"
edit broken/overlay-layers/layers.json 'del d[1]["diff-size"]; d[0]["parent"] = d[1]["id"]'
is "a circle, no size, no diff" "$(store list --store=broken | awk 'NR > 1 { print $1, $3, $4 }')" $'example.org/base:1 2 -\nexample.org/app:1 2 -'
is "its layers" "$(store list --store=broken --layers | awk 'NR > 1 { print $(NF - 3) == "kB", $0 ~ / no  / }' | tr '\n' ' ')" "0 0 0 1 "
is "sizes as null" "$(store list --store=broken --json | python3 -c 'import json,sys; print([i["size"] for i in json.load(sys.stdin)])')" "[None, None]"
mkdir -p empty/overlay empty/overlay-layers empty/overlay-images
is "an empty store" "$(store list --store=empty)" "NAMES  ID  LAYERS  SIZE  CREATED"
is "and as JSON" "$(store list --store=empty --json)" "[]"
ls -AR empty >empty.list
ok "nothing is written" cmp empty.list <(ls -AR empty)

fails_with "without --store" "^error: Which store must be given, with --store=DIR$" store list
fails_with "an empty --store" "^error: Which store must be given, with --store=DIR$" store list --store=
fails_with "no such store" "^error: nowhere: no such directory$" store list --store=nowhere
fails_with "no store" "^error: upper: not a container store: it has no overlay-layers$" store list --store=upper
fails_with "an argument" "^error: Unexpected argument 'x'$" store list --store=store x

done_testing
