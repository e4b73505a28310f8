#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image import: layers as trees, whiteouts and what they hide, what is refused, what is read again.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 zstd

u () { "$UNDERLAY" --repo="$R" "$@"; }
import () { u image import "$@"; }

# new NAME: an empty repository for what follows. Not bare: that takes root.
new () { R=$T/$1; "$UNDERLAY" --repo="$R" init --mode="${2:-bare-user}"; }

# layer N ENTRY...: the Nth layer of the image that image () makes.
layer () { mktar "$T/$1.tar" pax "${@:2}"; }

# image [PACKING]: an image of all layers so far, imported as localhost/x:latest.
image ()
{
  rm -rf "$T/layout"
  local layers=() i
  for ((i = 1; i < 20; i++)); do
    [ ! -e "$T/$i.tar" ] || layers+=("$T/$i.tar:${1:-gzip}")
  done
  mkimage "$T/layout" 1700000000 "${layers[@]}" >"$T/digest"
  import --name=x "oci:$T/layout"
}
fresh () { rm -f "$T"/*.tar; new "$1"; }

# layer_ref N: the ref of the image's Nth layer.
layer_ref ()
{
  local ids
  ids=$(u show --print-metadata-key=underlay.image.layers "${2:-image/localhost/x_3A_latest}" | tr -d "[]' ")
  echo "image/layer/$(cut -d, -f"$1" <<<"$ids")"
}
# tree N: what is in it, without the root.
tree () { u ls -R "$(layer_ref "$1")" | awk 'NR > 1 { print $1, $2, $3, $NF }'; }

# The packings, one tree.
for packing in none gzip gzips zstd bzip2 xz; do
  fresh "packing-$packing"
  layer 1 'd|./|' 'd|./etc|' 'f|./etc/hello|hello|mode=640|uid=3|gid=4' 'l|./etc/link|hello' 'h|./etc/hard|./etc/hello'
  layer 2 'd|etc|' 'f|etc/two|2'
  image "$packing" >out
  is "$packing: layers" "$(tree 1)" "d00755 0 0 /etc
-00640 3 4 /etc/hard
-00640 3 4 /etc/hello
l00777 0 0 hello"
  u refs | grep -v tar-split >"refs-$packing"
  ok "$packing: fsck" u fsck -q
  is "$packing: nothing is left over" "$(u prune --refs-only --no-prune | tail -n 1)" "No unreachable objects"
done
ok "the packing makes no difference to layers" cmp <(u rev-parse "$(layer_ref 1)") <("$UNDERLAY" --repo="$T/packing-none" rev-parse "$(layer_ref 1)")
like "what it says" "$(cat out)" '^localhost/x:latest: 2 layers, 2 new \(.* read, .* of new files written\)$'

# The ids are those of containers/storage.
d1=$(sha256sum <1.tar | cut -d' ' -f1)
d2=$(sha256sum <2.tar | cut -d' ' -f1)
is "id of a base" "$(layer_ref 1)" "image/layer/$d1"
is "id of a layer upon it" "$(layer_ref 2)" "image/layer/$(printf '%s+%s' "$d1" "$d2" | sha256sum | cut -d' ' -f1)"
is "a layer says its diff ID" "$(u show --print-metadata-key=underlay.layer.diff-id "$(layer_ref 2)")" "'sha256:$d2'"
is "a layer says its parent" "$(u show --print-metadata-key=underlay.layer.parent "$(layer_ref 2)")" "'$d1'"
is "the manifest is verbatim" "sha256:$(u cat image/localhost/x_3A_latest /manifest | sha256sum | cut -d' ' -f1)" "$(cat digest)"
like "the time is the config's" "$(u show image/localhost/x_3A_latest)" 'Date:  2023-11-14 22:13:20'

# Again.
before=$(u refs | sort; u rev-parse image/localhost/x_3A_latest)
like "again: nothing is read" "$(import --name=x oci:layout)" '2 layers, 0 new .0 bytes read.*, unchanged$'
is "again: the same" "$(u refs | sort; u rev-parse image/localhost/x_3A_latest)" "$before"
find layout -name "$(python3 -c 'import json;print(json.load(open("layout/blobs/sha256/'"$(cut -d: -f2 digest)"'"))["layers"][0]["digest"][7:])')" -delete
ok "again: a blob of ours need not be there" import --name=y oci:layout
layer 3 'd|opt|'
like "a layer more: only that is read" "$(image)" '3 layers, 1 new'
like "as JSON" "$(import --json --name=x oci:layout)" '"layers_read" : 0'
is "--quiet" "$(import -q --name=x oci:layout)" ""

# What makes blobs again is kept: of gzip a part, of anything else all.
fresh kept
layer 1 'f|f|1'
layer 2 'f|g|2'
mkimage kept-layout 1 1.tar:zstd 2.tar:none >/dev/null
ok "kept" import --name=x oci:kept-layout
blobs=$(u refs | grep '^image/blob/')
is "the blob of the layer that is packed" "image/blob/$(u cat "$blobs" /blob | sha256sum | cut -c1-64)" "$blobs"
ok "it's there as it came" test -e "kept-layout/blobs/sha256/${blobs#image/blob/}"

# Whiteouts.
fresh whiteouts
layer 1 'd|./|' 'd|a|' 'f|a/gone|1' 'f|a/stays|1' 'd|a/dir|' 'f|a/dir/f|1' 'f|.wh.nothing|' 'd|b|' 'f|b/.wh..wh..opq|'
layer 2 'd|a|' 'f|a/.wh.gone||mode=644|uid=7|gid=8' 'd|new|' 'f|new/.wh.nothing|' 'd|a/cover|' 'f|a/cover/.wh..wh..opq|' \
  'f|a/cover/.wh.x|' 'd|b||mode=700' 'f|b/.wh..wh..opq|' 'f|b/.wh.x|' 'f|b/y|2' 'f|.wh..wh.plnk/1.2|aufs' 'f|.wh..wh.aufs|'
layer 3 'f|a/.wh.dir|' 'd|a/dir|' 'f|a/dir/g|3' 'f|a/.wh.stays|' 'f|a/stays|3' 'd|b|' 'f|b/.wh.y|'
image >/dev/null
is "a base hides nothing" "$(tree 1)" "d00755 0 0 /a
-00644 0 0 /a/gone
-00644 0 0 /a/stays
d00755 0 0 /a/dir
-00644 0 0 /a/dir/f
d00755 0 0 /b"
unlike "a base isn't opaque" "$(u ls -X "$(layer_ref 1)" /b)" opaque
is "whiteouts, but those that hide nothing" "$(tree 2)" "d00755 0 0 /a
-00000 7 8 /a/.ostree-wh.gone
d00755 0 0 /a/cover
d00700 0 0 /b
-00644 0 0 /b/y
d00755 0 0 /new"
like "opaque" "$(u ls -dX "$(layer_ref 2)" /b)" "trusted.overlay.opaque"
unlike "a new directory needs not be opaque" "$(u ls -dX "$(layer_ref 2)" /a/cover)" "opaque"
is "deleted and made anew" "$(tree 3)" "d00755 0 0 /a
-00644 0 0 /a/stays
d00755 0 0 /a/dir
-00644 0 0 /a/dir/g
d00755 0 0 /b
-00000 0 0 /b/.ostree-wh.y"
like "a directory deleted and made anew is opaque" "$(u ls -dX "$(layer_ref 3)" /a/dir)" "trusted.overlay.opaque"
is "nothing is left over" "$(u prune --refs-only --no-prune | tail -n 1)" "No unreachable objects"

# The same, the layers below known from before.
layer 4 'f|a/dir/.wh.g|' 'f|a/new/.wh.x|' 'f|b/sub/.wh.x|'
image >/dev/null
is "the layers below known from before" "$(tree 4)" "d00755 0 0 /a
d00755 0 0 /a/dir
-00000 0 0 /a/dir/.ostree-wh.g
d00755 0 0 /a/new
d00755 0 0 /b
d00755 0 0 /b/sub"

# A layer in the middle that is there, upon one that isn't any more: what lies below is looked up all the same.
fresh middle
layer 1 'd|a||mode=711' 'f|a/x|1'
layer 2 'f|b|2'
image >/dev/null
u refs --delete "$(layer_ref 1)"
layer 3 'f|a/.wh.x|'
like "a layer below is gone" "$(image)" '3 layers, 2 new'
is "a layer above knows it" "$(tree 3)" "d00711 0 0 /a
-00000 0 0 /a/.ostree-wh.x"

# What an opaque directory hides stays hidden, however deep; of layers read now, and of those from before.
for times in 1 2; do
  fresh "deep-$times"
  layer 1 'd|a|' 'd|a/b|' 'd|a/b/c||mode=700|uid=9'
  layer 2 'd|a|' 'f|a/.wh..wh..opq|' 'd|a/b|'
  [ "$times" = 1 ] || image >/dev/null
  layer 3 'f|a/b/c/file|3' 'f|a/b/c/.wh.x|'
  image >/dev/null
  is "deep below an opaque directory ($times)" "$(tree 3)" "d00755 0 0 /a
d00755 0 0 /a/b
d00755 0 0 /a/b/c
-00644 0 0 /a/b/c/file"
done

# Directories that a layer has no entry for.
fresh parents
layer 1 'd|./||mode=750|uid=1' 'd|a||mode=700|uid=5|gid=6|SCHILY.xattr.user.x=1' 'f|c|'
layer 2 'f|a/b/f|2' 'f|c/d|2' 'f|a/.wh..wh..opq|'
layer 3 'f|a/g|3' 'f|a/b/.wh.f|'
image >/dev/null
is "the root is as below" "$(u ls -d "$(layer_ref 3)" / | awk '{ print $1, $2 }')" "d00750 1"
is "so is a directory; a new one is 0755" "$(tree 2)" "d00700 5 6 /a
d00755 0 0 /a/b
-00644 0 0 /a/b/f
d00755 0 0 /c
-00644 0 0 /c/d"
like "with its xattrs" "$(u ls -dX "$(layer_ref 3)" /a)" "user.x"
unlike "but for opaque" "$(u ls -dX "$(layer_ref 3)" /a)" "opaque"
fresh no-root
layer 1 'f|f|1'
image >/dev/null
is "a root that nobody speaks of" "$(u ls -d "$(layer_ref 1)" / | awk '{ print $1, $2, $3 }')" "d00555 0 0"

# The tar of each layer is made again, byte for byte, of what is stored: also with contents that no tree has.
remade ()
{
  local ref diff
  ref=$(layer_ref 1)
  diff=$(u show --print-metadata-key=underlay.layer.diff-id "$ref" | tr -d "'")
  u cat "image/tar-split/${diff#sha256:}" /tar-split.gz >split.gz \
    && "$BUILD/tests/image/join-layer" "$R" "$(u rev-parse "$ref")" "$diff" <split.gz | cmp - 1.tar
}
made_again ()
{
  fresh "again-$1"
  layer 1 "${@:2}"
  image >/dev/null
  ok "made again: $1" remade
  ok "made again: $1: fsck" u fsck -q
}
made_again files 'd|./|' 'f|./a|hello' 'f|./empty|' 'l|./s|a' 'h|./b|./a'
made_again twice 'f|a|first' 'f|./b|b' 'f|./a|second!' 'f|/a|third'
is "the last one counts" "$(u cat "$(layer_ref 1)" /a)" third
made_again twice-the-same 'f|a|same' 'f|a|same'
made_again then-empty 'f|a|first' 'f|a|'
made_again then-symlink 'f|a|first' 'l|a|b'
made_again then-hardlink 'f|a|first' 'f|b|other' 'h|a|b'
made_again then-hardlink-to-itself 'f|a|first' 'h|a|a' 'f|c|c'
made_again hardlink-before-its-target 'h|b|a' 'f|a|12345' 'h|c|b'
made_again whiteout-with-content 'd|d|' 'f|d/.wh.x|content' 'f|d/.wh..wh..opq|content' 'f|d/f|1'
made_again aufs 'f|.wh..wh.plnk/1.2|content' 'f|.wh..wh.aufs|content' 'f|f|1'
made_again whiteout-and-file 'f|a|1' 'f|.wh.a|22' 'f|.wh.a|333'
fresh again-sparse
truncate -s 1M sparse
echo end >>sparse
echo twice >twice
tar --sparse -cf 1.tar sparse twice ./twice sparse
image >/dev/null
ok "made again: sparse" remade
# Names of one hash (GLib's, that has no secret) don't make it slow: this test takes long if they do.
python3 - <<'E1' | xargs -0 mktar 1.tar ustar 'f|dup|1' 'f|dup|2'
import itertools, sys
for words in itertools.product(("Ez", "FY"), repeat=11):
    sys.stdout.write("f|%s|1\0" % "".join(words))
E1
new again-collisions
image >/dev/null
ok "made again: names of one hash" remade

# What is no layer, or can't be one.
bad ()
{
  local name=$1 re=$2
  fresh bad
  layer 1 'f|good|1'
  layer 2 "${@:3}"
  u refs >before
  fails_with "$name" "$re" image
  is "$name: nothing is there" "$(u refs)$(find "$R/tmp" -mindepth 1 ! -name cache)" "$(cat before)"
}
bad "devices" '^error: import oci:[^ ]*: layer 2, sha256:[0-9a-f]*: Not a regular file or symlink \(--devices=skip leaves them out\): /a/p, /dev/null$' \
  'c|dev/null||dev=1,3' 'p|a/p|'
bad "'..'" '/?\.\./up: .*\.\.' 'f|../up|x'
bad "a whiteout of nothing" '/.wh.: whiteout marker .wh.:' 'f|.wh.|'
bad "a whiteout with things below" '/.wh.a/b: is below a whiteout' 'f|.wh.a/b|x'
bad "our own marker" '/.ostree-wh.a: an empty file of that name is a whiteout in a commit' 'f|.ostree-wh.a|'
bad "a file in a file" 'Not a directory: f' 'f|f|1' 'f|f/g|2'
bad "a hardlink to what isn't there" 'hardlink to /gone, which isn.t there' 'h|l|gone'
bad "a hardlink with content, which Go's reader has none of" 'tar header: its checksum is wrong$' 'f|a|1' 'h|b|a|size=7'
bad "metacopy" 'metacopy' 'f|f|1|SCHILY.xattr.trusted.overlay.metacopy=x'
bad "redirect" 'redirect' 'd|d||SCHILY.xattr.trusted.overlay.redirect=/etc'
layer 2 'c|dev/null||dev=1,3' 'f|dev/x|1'
R=$T/skip; new skip
mkimage layout 1700000001 1.tar 2.tar >/dev/null
ok "--devices=skip" import --devices=skip --name=x oci:layout:1700000001
is "they are left out" "$(tree 2)" "d00755 0 0 /dev
-00644 0 0 /dev/x"

# Damage.
fresh damage
layer 1 'f|good|1'
layer 2 'f|f||size=100000'
mkimage layout 1700000002 1.tar 2.tar >digest
blob ()
{
  python3 -c 'import json,sys;print("layout/blobs/sha256/" + json.load(open("layout/blobs/sha256/" + open("digest").read().strip()[7:]))["layers"][int(sys.argv[1])]["digest"][7:])' "$1"
}
b=$(blob 1)
cp "$b" whole
damaged () { fails_with "$1" "$2" import --name=x oci:layout:1700000002; is "$1: nothing is there" "$(u refs)" ""; cp whole "$b"; }
truncate -s -1 "$b"
damaged "a blob of another size" '[0-9]* bytes, expected [0-9]*$'
head -c "$(stat -c %s whole)" /dev/zero >"$b"
damaged "a blob that is no tar" 'layer 2, sha256:[0-9a-f]*: '
printf X | dd of="$b" bs=1 seek=100 conv=notrunc status=none
damaged "a blob with a wrong byte" 'layer 2, sha256:[0-9a-f]*: '
head -c 1000 /dev/zero | cat 2.tar - >other.tar
mkimage other 1 other.tar >/dev/null
rm -f "$b"
mkdir "$b"
fails_with "a directory for a blob" 'not a regular file' import --name=x oci:layout:1700000002
rmdir "$b"
ln -s /etc/passwd "$b"
fails_with "a link out of the layout" 'leads out of the directory' import --name=x oci:layout:1700000002
rm "$b"
fails_with "a blob that isn't there" 'not there' import --name=x oci:layout:1700000002
cp whole "$b"
ok "whole again" import --name=x oci:layout:1700000002

# A config that lies about the tar.
python3 - <<'E'
import hashlib, json
def put(data):
    d = hashlib.sha256(data).hexdigest()
    open("layout/blobs/sha256/" + d, "wb").write(data)
    return "sha256:" + d, len(data)
m = json.load(open("layout/blobs/sha256/" + open("digest").read().strip()[7:]))
c = json.load(open("layout/blobs/sha256/" + m["config"]["digest"][7:]))
c["rootfs"]["diff_ids"][1] = "sha256:" + "0" * 64
m["config"]["digest"], m["config"]["size"] = put(json.dumps(c).encode())
d, n = put(json.dumps(m).encode())
i = json.load(open("layout/index.json"))
i["manifests"] = [{"mediaType": m["mediaType"], "digest": d, "size": n}]
json.dump(i, open("layout/index.json", "w"))
E
fails_with "a wrong diff ID" 'layer 2, .*: unpacked, its digest is sha256:[0-9a-f]*, not the diff ID$' import --name=z oci:layout

# An archive that goes on behind its end.
fresh tail
layer 1 'f|good|1'
head -c 20000000 /dev/zero >>1.tar
fails_with "zeros without an end" 'the archive goes on for over 16777216 bytes after its end' image

# No content, no layers.
fresh empty
: >1.tar
head -c 1024 /dev/zero >2.tar
layer 3 'd|d|'
ok "empty layers" image
is "an empty layer's tree" "$(tree 1)$(tree 2)" ""
is "upon empty ones" "$(tree 3)" "d00755 0 0 /d"

# Archives: a tar of a layout, and what docker and podman save.
fresh archives
layer 1 'd|etc|' 'f|etc/one|1'
layer 2 'd|etc|' 'f|etc/.wh.one|' 'f|etc/two|2'
rm -rf layout
mkimage layout v1 1.tar 2.tar >digest
tar -C layout -cf a.tar .
like "oci-archive" "$(import oci-archive:a.tar)" '^localhost/a:v1: 2 layers, 2 new'
is "its manifest is verbatim" "sha256:$(u cat image/localhost/a_3A_v1 /manifest | sha256sum | cut -d' ' -f1)" "$(cat digest)"
for pack in gzip xz zstd; do
  $pack -c a.tar >a.tar.packed
  like "oci-archive, packed by $pack" "$(import --name=p oci-archive:a.tar.packed:v1)" '2 layers, 0 new'
done
like "oci-archive from standard input" "$(import --name=p oci-archive:- <a.tar.packed)" '2 layers, 0 new'
fails_with "a password isn't said again" '^error: docker:// takes no user or password, see --authfile' import docker://user:secret@localhost:1/x
fails_with "a digest is no password" '^error: import docker://x@sha256:1: ' import docker://x@sha256:1
fails_with "no such tag in an archive" 'import oci-archive:a.tar:v2: a.tar: .*v1' import oci-archive:a.tar:v2
head -c 9000 a.tar >cut.tar
fails_with "an archive that is cut off" '^error: import oci-archive:cut.tar: cut.tar: ' import oci-archive:cut.tar
fails_with "not an archive" '^error: import oci-archive:.*README.md: .*README.md: ' import "oci-archive:$SRC/README.md"
fails_with "a directory for an archive" 'oci-archive:layout: layout: open: Is a directory' import oci-archive:layout
fails_with "no archive" 'No such file' import oci-archive:nowhere.tar

# save FILE LAYER...: as docker saves two images, an old way (a symlink for a layer that comes twice).
save ()
{
  python3 - "$@" <<'E'
import hashlib, io, json, sys, tarfile
out, *layers = sys.argv[1:]
with tarfile.open(out, "w") as t:
    def put(name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    ids = []
    for n, path in enumerate(layers):
        data = open(path, "rb").read()
        plain = __import__("gzip").decompress(data) if data[:2] == b"\x1f\x8b" else data
        ids.append("sha256:" + hashlib.sha256(plain).hexdigest())
        put("l%d/layer.tar" % n, data)
    link = tarfile.TarInfo("x/layer.tar")
    link.type, link.linkname = tarfile.SYMTYPE, "../l0/layer.tar"
    t.addfile(link)
    def config(ids):
        return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ids}}).encode()
    put("all.json", config(ids))
    put("first.json", config(ids[:1]))
    put("manifest.json", json.dumps([
        {"Config": "all.json", "RepoTags": ["all:1", "registry.example/all:2"], "Layers": ["l%d/layer.tar" % n for n in range(len(layers))]},
        {"Config": "first.json", "RepoTags": None, "Layers": ["x/layer.tar"]}]).encode())
E
}
gzip -k 2.tar
new saved
save da.tar 1.tar 2.tar.gz
fails_with "several images in a docker-archive" 'has several images, say which: docker.io/library/all:1, @1$' import docker-archive:da.tar
like "docker-archive, by name" "$(import docker-archive:da.tar:all:1)" '^docker.io/library/all:1: 2 layers, 2 new'
like "docker-archive, by its other name" "$(import docker-archive:da.tar:registry.example/all:2)" '^docker.io/library/all:1: 2 layers, 0 new.*, unchanged$'
fails_with "docker-archive, no name" 'no name for the image, give one with --name' import docker-archive:-:@1 <da.tar
like "docker-archive, by number" "$(import --name=first docker-archive:da.tar:@1)" '^localhost/first:latest: 1 layer, 0 new'
fails_with "docker-archive, no such number" 'it has no image @2, but' import docker-archive:da.tar:@2
is "the size of a packed layer is that of its tar" "$(u cat image/docker.io/library/all_3A_1 /manifest | python3 -c 'import json,sys;print(json.load(sys.stdin)["layers"][1]["size"])')" "$(stat -c %s 2.tar)"
fails_with "not a docker-archive" 'it has no manifest.json' import docker-archive:a.tar
ok "fsck" u fsck -q

# traced CALLS ARG...: what the program asks of the kernel, in $T/trace.
traced ()
{
  strace -f -qq -e trace="$1" -o "$T/trace" env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" "$UNDERLAY" --repo="$R" "${@:2}" >/dev/null
}
syncs () { traced fsync,fdatasync,syncfs image "$@" && wc -l <"$T/trace"; }
come_and_go () { syncs import --name=x "oci:$T/layout" && syncs remove x; }
# In MB, rounded up.
written () { traced write,pwrite64 "$@" && awk '{ n += $NF } END { print int(n / 1e6) + 1 }' "$T/trace"; }
if [ -n "$(type -P strace)" ] && strace -o /dev/null true 2>/dev/null; then
  # How often a disk is waited for doesn't grow with the layers, which have two refs each.
  fresh two
  for i in 1 2; do layer "$i" "f|f$i|$i"; done
  image >/dev/null
  new two-again
  two=$(come_and_go | paste -sd' ')
  fresh nine
  for i in 1 2 3 4 5 6 7 8 9; do layer "$i" "f|f$i|$i"; done
  image >/dev/null
  new nine-again
  is "as many syncs for nine layers as for two" "$(come_and_go | paste -sd' ')" "$two"
  like "which there are" "$two" '^[1-9][0-9]* [1-9]$'

  # A large file that the image's last version has isn't written again: the one of its topmost layer.
  # version TIME CONTENT N: its large file begins with CONTENT, its small one is N.
  version ()
  {
    layer 1 'd|d|' 'f|d/large|hidden|size=9000000'
    layer 2 'd|d|' "f|d/large|$2|size=9000000" "f|d/small|$3"
    rm -rf layout && mkimage layout "$1" 1.tar 2.tar >/dev/null
  }
  fresh large
  version 1700000000 a 1
  is "large: at first" "$(written image import --name=x oci:layout)" 19
  version 1700000000 a 2
  is "large: of the same name" "$(written image import --name=x oci:layout)" 1
  version 1700000000 b 2
  is "large: of another name, with other content" "$(written image import --name=y:1 oci:layout)" 10
  version 1700000000 b 3
  is "large: of another tag" "$(written image import --name=y:2 oci:layout)" 1
  version 1700000001 c 3
  is "large: with other content" "$(written image import --name=y:0 oci:layout)" 10
  ok "large: which it is" cmp <(u cat "$(layer_ref 2 image/localhost/y_3A_0)" /d/large) <(tar -xOf 2.tar d/large)
  version 1700000000 c 4
  is "large: of the newest of all tags" "$(written image import --name=y:3 oci:layout)" 1
  ok "large: fsck" u fsck -q

  # Nor one of a commit's parent.
  fresh large-commit
  layer 1 'd|.|' 'f|large|x|size=9000000'
  layer 2 'd|.|' 'f|large|x|size=9000000' 'f|small|1'
  is "large: a commit of a tar" "$(written commit --tree=tar=1.tar -b main)" 10
  is "large: with a parent" "$(written commit --tree=tar=2.tar -b main)" 1
  is "large: it's one object" "$(u ls -C main^ /large)" "$(u ls -C main /large)"
else
  skip "syncs, and large files" "no strace, or it may not look"
fi

# Names, and what else there is to say wrong.
fresh names
layer 1 'f|f|1'
mkimage layout 1.0 1.tar >/dev/null
like "the name of a layout and tag" "$(import oci:layout:1.0)" '^localhost/layout:1.0: '
mkimage layout registry.example:5000/a/b:2 1.tar >/dev/null
like "a tag that is a name" "$(import oci:layout:registry.example:5000/a/b:2)" '^registry.example:5000/a/b:2: '
like "--name" "$(import --name=Q.example/x oci:layout:1.0)" '^Q.example/x:latest: ' || true
digest=$(mkimage layout 1.0 1.tar)
like "a name by its digest" "$(import --name="x@$digest" oci:layout:1.0)" "^localhost/x@$digest: "
fails_with "a name by another's digest" "^error: import oci:layout:1.0: localhost/x@sha256:0{64}: the image's digest is $digest\$" import --name="x@sha256:$(printf '%064d' 0)" oci:layout:1.0
fails_with "a bad name" '^error: import oci:layout:1.0: --name: ' import --name='A b' oci:layout:1.0
fails_with "several images" 'registry.example' import oci:layout
fails_with "no such tag" '1.0' import oci:layout:2.0
fails_with "another transport" '^error: import nfs:x: not an image.s location' import nfs:x
fails_with "no source" 'Exactly one SOURCE' import
fails_with "two sources" 'Exactly one SOURCE' import oci:a oci:b
fails_with "no layout" '^error: import oci:nowhere: .*nowhere: ' import oci:nowhere
fails_with "--platform" '^error: --platform: ' import --platform=x oci:layout:1.0
fails_with "--devices" 'must be error or skip' import --devices=x oci:layout:1.0
new only bare-user-only
fails_with "a repository without owners" 'bare-user-only keeps no owners and xattrs' import oci:layout:1.0
for mode in archive bare-split-xattrs; do
  new "m-$mode" "$mode"
  ok "a repository of mode $mode" import oci:layout:1.0
  ok "$mode: fsck" u fsck -q
done

done_testing
