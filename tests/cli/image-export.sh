#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image export: the image that came in goes out, byte for byte where that can be, and says so where it can't.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 zstd

R=$T/repo
"$UNDERLAY" init --repo="$R" --mode=bare-user
u () { "$UNDERLAY" --repo="$R" "$@"; }
export_image () { u image export "$@"; }

mktar one.tar pax 'd|etc|' 'f|etc/hello|hello||mode=640' 'l|etc/link|hello' 'f|big||size=300000'
mktar two.tar gnu 'f|etc/.wh.hello|' 'f|etc/two|2' 'f|twice|first' 'f|twice|second'
# What doesn't pack into nothing.
python3 -c 'import random; random.seed(1); open("noise", "wb").write(bytes(random.choice(b"abcdefgh") for i in range(1200000)))'
tar -cf three.tar noise

# come PACKING [OPTION...]: an image of the three layers, packed so, in oci:in, imported as x.
come ()
{
  rm -rf in out
  mkimage in v1 "one.tar:$1" "two.tar:$1" "three.tar:$1" >digest
  R=$T/repo-$1
  rm -rf "$R"
  u init --mode=bare-user
  u image import -q --name=x "${@:2}" oci:in
}
layer_blob () { python3 -c 'import json,sys;print("blobs/sha256/"+json.load(open(sys.argv[1]+"/blobs/sha256/"+open("digest").read().strip()[7:]))["layers"][int(sys.argv[2])]["digest"][7:])' in "$1"; }

for packing in none gzip; do
  come $packing
  run export_image x oci:out:v1
  is "$packing: nothing to say on standard error" "$status $err" "0 "
  like "$packing: what it says" "$out" "^localhost/x:latest: $(cat digest), 3 layers \(.* written\)$"
  ok "$packing: the same image" diff -r in/blobs out/blobs
  is "$packing: it has the name" "$(python3 -c 'import json;[m]=json.load(open("out/index.json"))["manifests"];print(m["digest"], m["annotations"])')" \
    "$(cat digest) {'org.opencontainers.image.ref.name': 'v1'}"
  ok "$packing: --exact" export_image --exact x oci:exact-$packing
  before=$(u refs | sort | while read -r ref; do u rev-parse "$ref"; done)
  like "$packing: it comes in again" "$(u image import --name=x oci:out)" 'unchanged$'
  is "$packing: as the same" "$(u refs | sort | while read -r ref; do u rev-parse "$ref"; done)" "$before"
done
"$UNDERLAY" init --repo=fresh --mode=archive
"$UNDERLAY" --repo=fresh image import -q --name=x oci:out
is "in another repository, too" "$("$UNDERLAY" --repo=fresh refs | sort | while read -r ref; do "$UNDERLAY" --repo=fresh rev-parse "$ref"; done)" "$before"
ok "from a repository of mode archive" "$UNDERLAY" --repo=fresh image export --exact x oci:from-archive:v1
ok "from a repository of mode archive: the same" diff -r in/blobs from-archive/blobs

# All that zlib's users write. repack LEVEL HEADER: the image with its layers packed so.
repack ()
{
  python3 - "$@" <<'E1'
import gzip, hashlib, json, sys, zlib
level, extra, system = map(int, sys.argv[1:])
blobs = "in/blobs/sha256/"
def put(data):
    d = hashlib.sha256(data).hexdigest()
    open(blobs + d, "wb").write(data)
    return "sha256:" + d, len(data)
m = json.load(open(blobs + open("digest").read().strip()[7:]))
for layer in m["layers"]:
    tar = gzip.decompress(open(blobs + layer["digest"][7:], "rb").read())
    c = zlib.compressobj(level, zlib.DEFLATED, 31)
    packed = bytearray(c.compress(tar) + c.flush())
    packed[8], packed[9] = extra, system
    layer["digest"], layer["size"] = put(bytes(packed))
d, n = put(json.dumps(m).encode())
i = json.load(open("in/index.json"))
i["manifests"][0].update(digest=d, size=n)
json.dump(i, open("in/index.json", "w"))
E1
}
for way in "6 0 255" "6 0 3" "9 2 255" "9 2 3" "9 0 3" "1 4 3" "1 4 255"; do
  come gzip
  # shellcheck disable=SC2086
  repack $way
  u image import -q --no-keep-blobs --name=y oci:in
  ok "zlib, level, flags and system $way" export_image --exact y oci:out
  find out/blobs -type f -printf '%f\n' | sort >names
  ok "zlib $way: blobs are what they are called" sh -c 'cd out/blobs/sha256 && sed "s/.*/& *&/" ../../../names | sha256sum -c --quiet'
  rm -rf "$R"
done

come gzip
repack 9 2 255
u image import -q --no-keep-blobs --name=y oci:in
run export_image --repack y oci:repacked
like "--repack looks for no other way" "$status $err" '^0 .*: 3 of 3 layers packed anew$'
u image import -q --name=y oci:in
run export_image --repack y oci:repacked
is "--repack: kept blobs are as they were" "$status $err" "0 "
fails_with "a password isn't said again" '^error: docker:// takes no user or password, see --authfile' export_image y docker://user:secret@localhost:1/x
fails_with "--repack and --exact" '^error: --exact and --repack exclude each other$' export_image --repack --exact y oci:repacked
rm -rf "$R"

# What can't be made again.
for packing in gzips zstd xz; do
  come $packing --no-keep-blobs
  fails_with "$packing: --exact" '^error: export localhost/x:latest: oci: blob sha256:[0-9a-f]{64}: no way to pack the layer gives it again, and it wasn.t kept \(image import --keep-blobs\)$' \
    export_image --exact x oci:out:v1
  nok "$packing: --exact publishes nothing" test -e out/index.json
  run export_image -q x oci:out:v1
  is "$packing: goes out" "$status $out" "0 "
  is "$packing: again, where its blobs are" "$(export_image --json x oci:out:v1 2>/dev/null | python3 -c 'import json,sys;print(json.load(sys.stdin)["bytes_written"])')" 0
  like "$packing: says what changed" "$err" "^localhost/x:latest: the manifest's digest is (sha256:[0-9a-f]{64}), not $(cat digest) as it was: 3 of 3 layers packed anew$"
  is "$packing: as JSON" "$(export_image --json x oci:out2 2>/dev/null | python3 -c 'import json,sys;j=json.load(sys.stdin);print(j["digest"], j["original_digest"], j["layers"], j["layers_changed"])')" \
    "${BASH_REMATCH[1]} $(cat digest) 3 3"
  rm -rf out2
  is "$packing: only digests and sizes change" "$(python3 - "${BASH_REMATCH[1]}" <<'E2'
import json, sys
a = json.load(open("in/blobs/sha256/" + open("digest").read().strip()[7:]))
b = json.load(open("out/blobs/sha256/" + sys.argv[1][7:]))
for x, y in zip(a["layers"], b["layers"]):
    assert list(x) == list(y) and x["digest"] != y["digest"], (x, y)
    y["digest"], y["size"] = x["digest"], x["size"]
print(list(a) == list(b) and a == b)
E2
)" True
  like "$packing: comes in again, no layer is read" "$(u image import --name=x oci:out)" '3 layers, 0 new'
  R=$T/again-$packing
  "$UNDERLAY" init --repo="$R" --mode=bare-user
  ok "$packing: its layers are the same" u image import -q --name=z oci:out
  ok "$packing: and stay so from now on" export_image --exact z oci:once-more-$packing:v1
done

# What is kept of blobs: all of them, or of gzip how it was packed.
for packing in gzips zstd bzip2; do
  come $packing
  is "$packing, kept: a ref for each" "$(u refs | grep -c '^image/blob/')" 3
  ok "$packing, kept: --exact" export_image --exact x oci:out:v1
  ok "$packing, kept: the same image" diff -r in/blobs out/blobs
  ok "$packing, kept: fsck" u fsck -q
  # The first content of the file that is there twice.
  is "$packing, kept: nothing is left over" "$(u prune --refs-only --no-prune | tail -n 1)" "Would delete: 1 objects, freeing 5 bytes"
done
is "a kept blob is the blob" "$(u cat "image/blob/$(basename "$(layer_blob 2)")" /blob | sha256sum | cut -c1-64)" "$(basename "$(layer_blob 2)")"
tar -C "$SRC" -cf text.tar docs README.md && gzip <text.tar >text.gz
mkimage text v1 text.tar:@text.gz >>log
u image import -q --name=text oci:text
blob=image/blob/$(sha256sum text.gz | cut -c1-64)
is "of gzip what isn't its content" "$(u ls "$blob" | awk '{ print $NF }' | tail -n 1)" /gzip-split
is "which is less" "$(($(u ls "$blob" /gzip-split | awk '{ print $4 }') < $(stat -c %s text.gz)))" 1
come none --keep-blobs
is "layers that aren't packed aren't kept twice" "$(u refs | grep -c '^image/blob/' || true)" 0
come gzip --no-keep-blobs
is "--no-keep-blobs" "$(u refs | grep -c '^image/blob/' || true)" 0
cp -a "$R" afterwards
R=$T/afterwards
like "afterwards, of layers that are there" "$(u image import --name=x oci:in)" '^localhost/x:latest: 3 layers, 0 new, 3 blobs kept \([0-9].* read, .*\), unchanged$'
is "they are kept" "$(u refs | grep -c '^image/blob/')" 3
like "and not fetched again" "$(u image import --name=x oci:in)" '3 layers, 0 new .0 bytes read'
come gzips --no-keep-blobs
cp -a "$R" setting
R=$T/setting
find in/blobs -name "$(basename "$(layer_blob 1)")" -exec sh -c 'cp "$1" whole && printf X | dd of="$1" bs=1 seek=20 conv=notrunc status=none' sh {} +
fails_with "a damaged one isn't kept" '^error: import oci:in: layer 2, ' u image import --keep-blobs --name=x oci:in
is "nor any other" "$(u refs | grep -c '^image/blob/' || true)" 0
cp whole "in/$(layer_blob 1)"
u config set image.keep-blobs false
is "against the repository's setting" "$(u image import --keep-blobs --json --name=x oci:in | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["layers_read"], d["blobs_kept"], d["unchanged"])')" "0 3 True"
ok "the export is the same then" export_image --exact x oci:out
ok "blob for blob" diff -r in/blobs out/blobs
R=$T/setting2
u init --mode=bare-user
u config set image.keep-blobs false
u image import -q --name=x oci:in
is "by the repository's setting" "$(u refs | grep -c '^image/blob/' || true)" 0
fails_with "both" '^error: --keep-blobs and --no-keep-blobs exclude each other$' u image import --keep-blobs --no-keep-blobs oci:in
fails_with "the setting is yes or no" 'image.keep-blobs' u config set image.keep-blobs perhaps
come gzips
victim=$(u refs | grep -m 1 '^image/blob/')
echo other >blob
mkdir other && mv blob other/
u commit -q -b "$victim" other >/dev/null
fails_with "a kept blob that is another" "blob sha256:${victim#image/blob/}: what was kept of the blob gives another digest \(image export --repack packs the layer anew\)$" export_image x oci:out
mkdir damaged && echo other >damaged/gzip-split
u commit -q -b "$victim" damaged >/dev/null
fails_with "a kept part that is no such" "blob sha256:${victim#image/blob/}: .*: gzip-split: damaged \(image export --repack packs the layer anew\)$" export_image x oci:out
run export_image --repack x oci:out
like "--repack does without it" "$status $err" '^0 .*: 1 of 3 layers packed anew$'
fails_with "a kept part of another blob" 'gzip-split: of another content|gives another digest' sh -c '"$0" --repo="$1" refs --delete "$2" && "$0" --repo="$1" refs --create="$2" "$(basename "$3")" && "$0" --repo="$1" image export x oci:out' \
  "$UNDERLAY" "$R" "$victim" "$(u rev-parse "$(u refs | grep '^image/blob/' | grep -v -x "$victim" | head -n 1)")"

# Where what makes it is longer than the blob.
head -c 3000000 /dev/zero >zeros && tar -cf zeros.tar zeros && gzip -9 <zeros.tar >zeros.gz
mkimage short v1 zeros.tar:@zeros.gz >>log
u image import -q --name=short oci:short
is "zeros: the blob is kept" "$(u ls "image/blob/$(sha256sum zeros.gz | cut -c1-64)" | awk '{ print $NF }' | tail -n 1)" /blob
ok "zeros: --exact" export_image -q --exact short oci:short-out
u image remove -q --unused short
u image import -q --no-keep-blobs --name=short oci:short
rm "short/blobs/sha256/$(sha256sum zeros.gz | cut -c1-64)"
fails_with "a layer that is there, and whose blob isn't anywhere" '^error: import oci:short: layer 1, sha256:[0-9a-f]*, which is there but for its blob \(--no-keep-blobs\): .*not there$' \
  u image import --name=again oci:short
ok "goes without" u image import -q --no-keep-blobs --name=again oci:short

# The layout.
come gzip
export_image -q x oci:out:v1
export_image -q x oci:out:registry.example/x:2
export_image -q x oci:out
is "several names of one image" "$(python3 -c 'import json;print([m.get("annotations", {}).get("org.opencontainers.image.ref.name") for m in json.load(open("out/index.json"))["manifests"]])')" \
  "['v1', 'registry.example/x:2', None]"
is "blobs that are there aren't written again" "$(export_image --json x oci:out | grep bytes_written)" '  "bytes_written" : 0'
rm -f "out/$(layer_blob 0)"
ok "a blob that is missing" export_image -q x oci:out:v1
ok "is written again" diff -r in/blobs out/blobs
is "no temporary files" "$(find out -name '.*')" ""
is "-j1 gives the same" "$(export_image -j1 x oci:j1 | cut -d' ' -f2)" "$(cat digest),"

# As an archive.
come gzip
ok "oci-archive" export_image --exact x oci-archive:out.tar:v1
mkdir untar && tar -xf out.tar -C untar
ok "oci-archive: the same image" diff -r in/blobs untar/blobs
is "oci-archive: owners, modes and order" "$(tar -tvf out.tar | awk '{ print $1, $2, $6 }' | sed "s/ blobs.sha256.[0-9a-f]\{64\}$/ blob/")" "drwxr-xr-x 0/0 blobs/
drwxr-xr-x 0/0 blobs/sha256/
-rw-r--r-- 0/0 blob
-rw-r--r-- 0/0 blob
-rw-r--r-- 0/0 blob
-rw-r--r-- 0/0 blob
-rw-r--r-- 0/0 blob
-rw-r--r-- 0/0 index.json
-rw-r--r-- 0/0 oci-layout"
mv out.tar first.tar
: >out.tar
ok "oci-archive: again, in place of another file" export_image -q -j1 x oci-archive:out.tar:v1
ok "oci-archive: the same bytes" cmp first.tar out.tar
like "oci-archive: comes in again" "$(u image import --name=x oci-archive:out.tar)" 'unchanged$'
ok "oci-archive: without a tag" export_image -q x oci-archive:./out.tar
fails_with "oci-archive: a directory" 'oci-archive: untar: is a directory$' export_image x oci-archive:untar
fails_with "oci-archive: nowhere" 'oci-archive: gone: No such file or directory$' export_image x oci-archive:gone/x.tar
is "oci-archive: nothing is left over" "$(find "$R/tmp" -mindepth 1 -name '.*')$(find . -maxdepth 1 -name '.underlay*')" ""

# An archive of docker's has layers that aren't packed, and a manifest that is made for it.
python3 - <<'E3'
import hashlib, json, tarfile, io
tar = open("one.tar", "rb").read()
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}).encode()
with tarfile.open("da.tar", "w") as t:
    for name, data in (("config.json", config), ("layer.tar", tar),
            ("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["d:1"], "Layers": ["layer.tar"]}]).encode())):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
E3
u image import -q --name=d docker-archive:da.tar
fails_with "docker-archive: --exact" "oci: the image has a manifest of Docker's, which a layout can't have$" export_image --exact d oci:docker
run export_image -q d oci:docker
like "docker-archive: is converted" "$status $err" "^0 localhost/d:latest: the manifest's digest is sha256:[0-9a-f]*, not sha256:[0-9a-f]* as it was: from Docker's format to OCI's$"
is "docker-archive: but for the types it's the same" "$(u image import -q --name=e oci:docker && u cat image/localhost/e_3A_latest /manifest)" \
  "$(u cat image/localhost/d_3A_latest /manifest | sed 's/docker.distribution.manifest.v2/oci.image.manifest.v1/; s/docker.container.image.v1/oci.image.config.v1/; s/docker.image.rootfs.diff.tar.gzip/oci.image.layer.v1.tar/g')"
is "docker-archive: and the config is" "$(u cat image/localhost/e_3A_latest /config)" "$(u cat image/localhost/d_3A_latest /config)"

# An image without layers, and what is wrong.
mkimage none v1 >digest
u image import -q --name=none oci:none
ok "no layers" export_image --exact none oci:none-out
ok "no layers: the same" diff -r none/blobs none-out/blobs
fails_with "no such image" '^error: export localhost/gone:latest: oci: image localhost/gone:latest: not there$' export_image gone oci:out
fails_with "a bad name" '^error: .*A b' export_image 'A b' oci:out
fails_with "no transport" '^error: export localhost/x:latest: dir:x: not where an image can be exported to' export_image x dir:x
fails_with "no path" 'oci: no path$' export_image x oci:
fails_with "a bad tag" 'not a name for an image in a layout: a b$' export_image x 'oci:new:a b'
nok "a bad tag: nothing is made" test -e new
mkdir full && : >full/file
fails_with "a directory with something else" 'oci: full: neither an OCI layout nor empty$' export_image x oci:full
fails_with "one argument" 'An IMAGE and a DESTINATION' export_image x
u refs --list image/blob | while read -r ref; do u refs --delete "$ref"; done
u refs --delete "image/tar-split/$(sha256sum <one.tar | cut -c1-64)"
fails_with "a layer without its tar-split" 'blob sha256:.*: image/tar-split/[0-9a-f]*: not there$' export_image x oci:new

done_testing
