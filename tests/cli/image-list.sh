#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image list: the table, names, what is broken, JSON.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
list () { u image list "$@"; }
# As it is shown: no-break spaces are plain, several are one.
plain () { sed 's/\xc2\xa0/ /g; s/  */ /g'; }
get () { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }

# image NAME TAG LAYER...: TAG is also the time, if it is a number.
image ()
{
  mkimage layout "$2" "${@:3}" >digest
  u image import -q --name="$1" "oci:layout:$2"
}
# id_of: of the image made last.
id_of () { python3 -c 'import json; print(json.load(open("layout/blobs/sha256/" + open("digest").read().strip()[7:]))["config"]["digest"][7:])'; }

"$UNDERLAY" init --repo=r --mode=bare-user
is "no images: nothing" "$(list)" ""
is "no images: no names" "$(list --names)" ""
is "no images: an empty list" "$(list --json)" "[]"

mktar a.tar pax 'd|etc|' 'f|etc/a|a'
mktar b.tar pax 'f|etc/b||size=2000000'
image x 1700000000 a.tar
x=$(id_of)
image q.example/team/y:2 v1 a.tar b.tar
y=$(id_of)
xsize=$(stat -c %s a.tar)
ysize=$(stat -c %s a.tar b.tar | paste -sd+ | bc)
is "the table" "$(list | plain)" "NAME ID LAYERS SIZE CREATED
localhost/x:latest ${x:0:12} 1 $(python3 -c "print('%.1f kB' % ($xsize / 1000))") 2023-11-14
q.example/team/y:2 ${y:0:12} 2 $(python3 -c "print('%.1f MB' % ($ysize / 1e6))") -"
is "columns stand below each other" "$(list | python3 -c "
import sys
lines = sys.stdin.read().splitlines()
for words in ['ID', '${x:0:12}', '${y:0:12}'], ['CREATED', '2023', '-']:
    print(len({l.rindex(w) for l, w in zip(lines, words)}))" | paste -sd' ')" "1 1"
is "--names" "$(list --names)" "localhost/x:latest
q.example/team/y:2"
is "a short name" "$(list --names x)" "localhost/x:latest"
is "two names, in the order of names" "$(list --names q.example/team/y:2 x:latest x)" "localhost/x:latest
q.example/team/y:2"
is "a row of one" "$(list x | wc -l)" 2
fails_with "a name that isn't there" '^error: image localhost/z:latest: not there$' list x z
fails_with "a tag that isn't there" '^error: image localhost/x:3: not there$' list --names x:3
fails_with "no name" "^error: Invalid image name 'A b': " list 'A b'
fails_with "--names and --json" 'exclude each other' list --names --json
is "an alias is a name, too" "$(u refs --create=image/localhost/alias_3A_1 --alias image/localhost/x_3A_latest && list --names && u refs --delete image/localhost/alias_3A_1)" \
  "localhost/alias:1
localhost/x:latest
q.example/team/y:2"

is "JSON: keys" "$(list --json | get '",".join(d[0]) == ",".join(d[1]) and ",".join(d[0])')" \
  "name,id,manifest,platform,size,timestamp,created,layers,error"
is "JSON: all of it" "$(list --json x | get 'list(d[0].values())')" \
  "['localhost/x:latest', 'sha256:$x', '$(mkimage layout 1700000000 a.tar)', 'linux/amd64', $xsize, 1700000000, '2023-11-14T22:13:20Z', 1, None]"
is "JSON: a time that isn't said" "$(list --json | get 'd[1]["timestamp"], d[1]["created"], d[1]["size"]')" "None None $ysize"

# What is broken stops nothing else.
image b 3 b.tar
layer=image/layer/$(sha256sum <b.tar | cut -d' ' -f1)
u refs --delete "$layer"
run list
is "a missing layer: the status" "$status" 1
is "a missing layer: one line" "$err" "error: Of 3 images 1 can't be read"
like "a missing layer: its row" "$out" $'\nlocalhost/b:latest  *broken: layer [0-9a-f]* isn.t there\n'
is "a missing layer: the other rows" "$(grep -c -e "${x:0:12}" -e "${y:0:12}" <<<"$out")" 2
run list --json
is "a missing layer: JSON" "$status $(get '[i["name"] for i in d if i["error"]], d[0]["id"], d[0]["layers"]' <<<"$out")" \
  "1 ['localhost/b:latest'] None None"
ok "the others alone" list x q.example/team/y:2
is "names of all" "$(list --names | wc -l)" 3
echo garbage >r/refs/heads/image/localhost/x_3A_latest
run list
like "a ref with garbage" "$status $err $out" '^1 error: Of 3 images 2 can.t be read .*localhost/x:latest  *broken: reading ref .*holds no checksum'
u refs --delete image/localhost/b_3A_latest image/localhost/x_3A_latest
u rev-parse image/q.example/team/y_3A_2 >r/refs/heads/image/localhost/x_3A_latest
ok "sound again" list

# The repository above.
"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" --repo=child config set core.parent "$T/r"
is "images of the parent aren't listed" "$("$UNDERLAY" --repo=child image list)" ""

done_testing
