#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image df: sizes as du counts them, what is alone as prune frees it, sums, who uses an image, JSON.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
get () { python3 -c "import json, sys; d = json.load(sys.stdin); image = {i['name'].split('/')[1]: i for i in d['images']}; print($1)"; }
sum () { sha256sum "$@" | cut -d' ' -f1; }
# disk REPO: number and blocks of its objects, as du counts
disk () { find "$1/objects" -type f -printf '%b\n' | awk '{ n++; s += $1 * 512 } END { print n + 0, s + 0 }'; }
# import NAME LAYER...
import ()
{
  local name=$1
  shift
  mkimage layout "$name" "$@" >>log
  u image import -q --name="$name" "oci:layout:$name"
}

"$UNDERLAY" init --repo=r --mode=bare-user
u config set image.keep-blobs false
mktar base.tar pax 'd|.|' 'd|lib|' 'f|lib/a|a|size=20000' 'f|lib/b|b|size=30000' 'h|lib/c|lib/b' 'f|lib/shared|s|size=50000'
mktar one.tar pax 'd|bin|' 'f|bin/one|1|size=9000' 'f|bin/common|c|size=70000'
mktar two.tar pax 'd|bin|' 'f|bin/two|2|size=15000' 'f|bin/common|c|size=70000'
mktar flat.tar pax 'd|lib|' 'f|lib/shared|s|size=50000' 'f|lib/own|o|size=11000'

is "no images" "$(u image df)" ""
is "JSON: no images" "$(u image df --json | get 'd["images"], d["here"]["bytes"], d["apart"]["objects"]')" "[] 0 0"

import one:1 base.tar one.tar
import two:1 base.tar two.tar
import flat:1 flat.tar
u image import -q --name=again:1 oci:layout:one:1
json=$(u image df --json)

# --- sizes

is "all that is in the repository" "$(get '"%d %d" % (d["here"]["objects"], d["here"]["bytes"])' <<<"$json")" "$(disk r)"
base=$(sum base.tar)
one=$(printf '%s+%s' "$base" "$(sum one.tar)" | sum)
two=$(printf '%s+%s' "$base" "$(sum two.tar)" | sum)
flat=$(sum flat.tar)
# size REF...: the totals of these refs by df
size () { u df --json "$@" | python3 -c 'import json, sys; print(sum(r["total"]["bytes"] for r in json.load(sys.stdin)["refs"]))'; }
# alone_with REPO-OPTION REF...: what a repository with these refs alone takes
alone_with () { rm -rf only; "$UNDERLAY" init --repo=only --mode=bare-user; "$UNDERLAY" --repo=only pull-local r "$@" >>log; disk only; }
declare -A split
for tar in base one two flat; do
  split[$tar]=image/tar-split/$(sum $tar.tar)
done
parts_one=("image/layer/$base" "image/layer/$one" "${split[base]}" "${split[one]}" image/localhost/one_3A_1)
is "size: of each part in full" "$(get 'image["one:1"]["size"]["bytes"]' <<<"$json")" "$(size "${parts_one[@]}")"
is "total: of its parts, objects once" "$(get '"%d %d" % tuple(image["one:1"]["total"].values())' <<<"$json")" "$(alone_with "${parts_one[@]}")"
is "which is less" "$(get 'image["one:1"]["total"]["bytes"] < image["one:1"]["size"]["bytes"]' <<<"$json")" True

# freed NAME: what its removal and a prune free
freed ()
{
  local n1 s1 n2 s2
  rm -rf without && cp -a r without
  read -r n1 s1 <<<"$(disk without)"
  "$UNDERLAY" --repo=without image remove -q "$1" >>log
  "$UNDERLAY" --repo=without prune --refs-only >>log
  read -r n2 s2 <<<"$(disk without)"
  echo "$((n1 - n2)) $((s1 - s2))"
}
for name in two:1 flat:1 again:1; do
  is "$name: what it has alone is what its removal frees" "$(u image df --json | get "'%d %d' % tuple(image['$name']['alone'].values())")" "$(freed $name)"
done
isnt "and that is something" "$(freed two:1)" "0 0"
is "shared is the rest" "$(get 'all(i["shared"][k] == i["total"][k] - i["alone"][k] for i in d["images"] for k in ("bytes", "objects"))' <<<"$json")" True

# --- sums

layers=("image/layer/$base" "image/layer/$one" "image/layer/$two" "image/layer/$flat")
docs=(image/localhost/one_3A_1 image/localhost/two_3A_1 image/localhost/flat_3A_1 image/localhost/again_3A_1)
once=$(size "${layers[@]}" "${split[base]}" "${split[one]}" "${split[two]}" "${split[flat]}" "${docs[@]}")
is "each layer once" "$(get 'd["layers_once"]["bytes"]' <<<"$json")" "$once"
is "each image apart: two names of an image are one" "$(get 'd["apart"]["bytes"]' <<<"$json")" "$((once + $(size "image/layer/$base" "${split[base]}")))"
is "what sharing layers saves" "$(get 'd["saved_by_layers"]' <<<"$json")" "$(size "image/layer/$base" "${split[base]}")"
read -r _ here <<<"$(disk r)"
is "what sharing files saves" "$(get 'd["saved_by_files"]' <<<"$json")" "$((once - here))"
ok "which is that of two files at least" test $((once - here)) -ge 120000
is "in layers" "$(get '"%d %d" % tuple(d["in_layers"].values())' <<<"$json")" "$(alone_with "${layers[@]}")"
is "parts are the whole" "$(get '[sum(d["in_" + k][m] for k in ("layers", "tar_splits", "blobs", "documents")) - d["here"][m] for m in ("objects", "bytes")], d["in_blobs"]["bytes"], d["elsewhere"]["bytes"]' <<<"$json")" "[0, 0] 0 0"
is "the number of workers doesn't matter" "$(u image df --json --jobs=1)" "$json"

# --- some of them

some=$(u image df --json one:1 flat:1)
is "some images: only these" "$(get '[i["name"] for i in d["images"]]' <<<"$some")" "['localhost/flat:1', 'localhost/one:1']"
is "some images: each as among all" "$(get 'd["images"]' <<<"$some")" "$(get '[image["flat:1"], image["one:1"]]' <<<"$json")"
is "some images: what they have in the repository" "$(get '"%d %d" % tuple(d["here"].values())' <<<"$some")" \
  "$(alone_with "${parts_one[@]}" "image/layer/$flat" "${split[flat]}" image/localhost/flat_3A_1)"
is "some images: what others don't have of it" "$(get 'd["here"]["bytes"] - d["elsewhere"]["bytes"]' <<<"$some")" \
  "$(get 'image["flat:1"]["alone"]["bytes"] + image["one:1"]["alone"]["bytes"]' <<<"$json")"

# --- kept blobs

mktar kept.tar pax "f|kept|$(head -c 30000 /dev/urandom | base64 -w0)"
mkimage layout kept kept.tar:zstd >>log
u image import -q --keep-blobs --name=kept oci:layout:kept
blob=$(u refs --list | grep image/blob/)
read -r _ bytes <<<"$(alone_with "$blob")"
measured=$(u image df --json kept | get 'd["in_blobs"]["bytes"]')
ok "kept blobs, but for the metadata of a directory" test "$measured" -ge 30000 -a "$measured" -le "$bytes"
is "an image with them: what its removal frees" "$(u image df --json kept | get '"%d %d" % tuple(image["kept:latest"]["alone"].values())')" "$(freed kept)"
u image remove -q kept >>log
u prune --refs-only >>log

# --- who uses them

u refs --create=alias --alias image/localhost/flat_3A_1
u refs --create=copy image/localhost/flat_3A_1
mkdir -p rootfs/etc && echo host >rootfs/etc/host
u commit -b os/plain rootfs >>log
u commit -b os/host --tree=dir=rootfs --image-store=/usr/images=one:1 >>log
u commit -b os/partly --tree=dir=rootfs --tree=ref="image/layer/$base" >>log
used=$(u image df --json)
is "refs: names of the image, and what has it embedded" "$(get '[(i["name"][10:], i["refs"]) for i in d["images"]]' <<<"$used")" \
  "[('again:1', ['os/host']), ('flat:1', ['alias', 'copy']), ('one:1', ['os/host']), ('two:1', [])]"
is "other refs share" "$(get 'image["two:1"]["alone"]["bytes"], d["elsewhere"]["bytes"] > 0' <<<"$used")" "$(get 'image["two:1"]["alone"]["bytes"], True' <<<"$json")"
is "and leave nothing alone that they have" "$(get 'image["flat:1"]["alone"]["bytes"]' <<<"$used")" "$(u image df --json flat:1 | get 'image["flat:1"]["alone"]["bytes"]')"
u image store create -q --store=s1 --shared one:1
u image store create -q --store=s2 --shared flat:1
is "stores" "$(u image df --json --store=s1 --store="$T/s2" two:1 one:1 | get '[[list(s.values()) for s in i["stores"]] for i in d["images"]]')" \
  "[[['s1', True, 2], ['$T/s2', False, 0]], [['s1', False, 1], ['$T/s2', False, 0]]]"
is "who uses them, in words" "$(u image df --store=s1 --store=s2 | grep 'localhost/.*:.*:')" 'localhost/again:1: image and 2 of 2 layers in store s1
localhost/again:1: in ref os/host
localhost/flat:1: image and 1 of 1 layers in store s2
localhost/flat:1: in ref alias
localhost/flat:1: in ref copy
localhost/one:1: image and 2 of 2 layers in store s1
localhost/one:1: in ref os/host
localhost/two:1: not the image, but 1 of 2 layers in store s1'
fails_with "no such store" '^error: .*nowhere' u image df --store=nowhere
u refs --delete alias
u refs --delete copy

# --- text

text () { u image df | sed 's/\xc2\xa0/ /g'; }
human () { python3 -c "import sys; n = int(sys.argv[1]); print('%d bytes' % n if n < 1000 else '%.1f kB' % (n / 1000))" "$1"; }
is "a row" "$(text | awk '$1 == "localhost/two:1"' | tr -s ' ')" \
  "localhost/two:1 2 $(human "$(get 'image["two:1"]["size"]["bytes"]' <<<"$used")") $(human "$(get 'image["two:1"]["alone"]["bytes"]' <<<"$used")") $(human "$(get 'image["two:1"]["shared"]["bytes"]' <<<"$used")")"
is "headings, and no bar in a file" "$(text | sed -n 1p | tr -s ' '; text | grep -c '##' || true)" "NAME LAYERS SIZE ALONE SHARED
0"
is "sums" "$(text | sed -n '/^IN ALL/,$p' | sed 's/  .*//')" 'IN ALL
Each image with layers of its own
Each layer once
Each file once: in the repository
Of that in layers
Of that in tar-splits
Of that in kept blobs
Of that in documents
Of that also in other images, refs
Saved by sharing layers
Saved by sharing files'
is "a sum" "$(text | awk '/^Saved by sharing files/ { print $5, $6 }')" "$(human "$(get 'd["saved_by_files"]' <<<"$used")")"
if command -v script >/dev/null; then
  like "bars on a terminal" "$(script -qec "'$UNDERLAY' --repo=r image df" /dev/null </dev/null)" 'two:1 [^#]*#+-+.*Each image [^#]* ####################'
else
  skip "bars on a terminal" "no script"
fi

# --- compressed, and of a parent

"$UNDERLAY" init --repo=z --mode=archive
"$UNDERLAY" --repo=z image import -q --name=one:1 oci:layout:one:1
is "an archive" "$("$UNDERLAY" --repo=z image df --json | get '"%d %d" % tuple(d["here"].values())')" "$(disk z)"
"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" --repo=child config set core.parent "$T/r"
is "images of the parent" "$("$UNDERLAY" --repo=child image df --json | get 'd["images"]')" "[]"

# --- what isn't there

is "keys" "$(get '",".join(d), ",".join(d["images"][0])' <<<"$json")" \
  "images,apart,layers_once,here,saved_by_layers,saved_by_files,in_layers,in_tar_splits,in_blobs,in_documents,elsewhere,missing name,layers,size,total,alone,shared,stores,refs,error"
fails_with "no such image" '^error: image localhost/x:1: not there$' u image df x:1
fails_with "no name" "^error: Invalid image name 'X'" u image df X
tree=$(u ls -C -d "image/layer/$flat" /lib | awk '{ print $5 }')
rm "r/objects/${tree:0:2}/${tree:2}.dirtree"
run u image df --json flat:1
is "a missing directory is said" "$status $(get 'd["missing"]' <<<"$out") $err" "0 1 Not counted: what is below 1 missing or broken directories (fsck says which)"
u refs --delete "image/layer/$two"
gone=$(u rev-parse "${split[flat]}")
rm "r/objects/${gone:0:2}/${gone:2}.commit"
run u image df
is "broken images" "$status $(sed -n '/broken/p' <<<"$out") $err" "1 localhost/flat:1  broken: ${split[flat]}: No such metadata object $gone.commit
localhost/two:1  broken: layer $two isn't there Not counted: what is below 1 missing or broken directories (fsck says which)
error: Of 4 images 2 can't be read"
run u image df --json
is "JSON: broken images" "$status $(get 'image["two:1"]["size"], image["two:1"]["error"], image["one:1"]["size"]["bytes"] > 0' <<<"$out")" "1 None layer $two isn't there True"

done_testing
