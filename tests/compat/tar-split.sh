#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The tar-split of a layer, line by line as containers/storage writes it; and a tar put together again from it.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd skopeo python3
SPLIT=$BUILD/tests/core/split-tar
JOIN=$BUILD/tests/core/join-tar
LAYER=$BUILD/tests/image/join-layer

# make-image.py LAYER IMAGE: a docker-archive with this one layer.
cat >make-image.py <<'E1'
import hashlib, io, json, sys, tarfile
layer = open(sys.argv[1], "rb").read()
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
with tarfile.open(sys.argv[2], "w") as t:
    for name, data in (("config.json", config), ("layer.tar", layer),
            ("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar"]}]).encode())):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
E1

# same LABEL: what the storage library notes of layer.tar is what we do.
same ()
{
  rm -rf root run image.tar ours theirs
  python3 make-image.py layer.tar image.tar
  skopeo --insecure-policy copy -q docker-archive:image.tar "containers-storage:[vfs@$T/root+$T/run]x:1" || { fail "$1" "skopeo"; return; }
  zcat root/vfs-layers/*.tar-split.gz >theirs
  "$SPLIT" <layer.tar >ours || { fail "$1" "split-tar"; return; }
  ok "$1" cmp <(python3 normal.py ours) <(python3 normal.py theirs)
  ok "$1: put together again" python3 join.py ours
  ok "$1: put together from theirs by ours" joined theirs
  ok "$1: from theirs and a commit" from_repository
}

# joined TAR-SPLIT: our reader makes layer.tar of it.
joined ()
{
  rm -rf files && mkdir files && tar -xf layer.tar -C files --no-same-owner && (cd files && "$JOIN") <"$1" | cmp - layer.tar
}

# The same from a repository. What it doesn't store are names that aren't UTF-8.
from_repository ()
{
  rm -rf layer-repo
  case $(<theirs) in *name_raw*) return 0 ;; esac
  "$UNDERLAY" init --repo=layer-repo --mode=bare-user \
    && commit=$("$UNDERLAY" --repo=layer-repo commit -b layer --tree=tar=layer.tar --tar-autocreate-parents) \
    && "$LAYER" layer-repo "$commit" "sha256:$(sha256sum <layer.tar | cut -c1-64)" <"$(echo root/vfs-layers/*.tar-split.gz)" | cmp - layer.tar
}

# Where bytes as they are end in one line and go on in the next doesn't matter: theirs do so behind the end.
cat >normal.py <<'E2'
import base64, json, sys
run = b""
for line in open(sys.argv[1]):
    e = json.loads(line)
    if e["type"] == 2:
        run += base64.b64decode(e["payload"])
        continue
    print(base64.b64encode(run))
    run = b""
    print(line[:line.rindex("position")])
print(base64.b64encode(run))
E2

# Puts the archive together from the lines and its files, as they lie in it.
cat >join.py <<'E2'
import base64, json, os, sys, tarfile
contents = {}
with tarfile.open("layer.tar") as t:
    for m in t:
        if m.isreg():
            contents[m.name.rstrip("/")] = t.extractfile(m).read()
out = b""
for n, line in enumerate(open(sys.argv[1])):
    e = json.loads(line)
    assert e["position"] == n, line
    if e["type"] == 2:
        out += base64.b64decode(e["payload"])
    elif e.get("size"):
        data = contents[e["name"] if "name" in e else os.fsdecode(base64.b64decode(e["name_raw"]))]
        assert len(data) == e["size"], line
        out += data
assert out == open("layer.tar", "rb").read()
E2

mkdir -p tree/usr/bin tree/etc
echo hello >tree/etc/hello
: >tree/etc/empty
ln -s hello tree/etc/link
ln tree/etc/hello tree/etc/hard
head -c 100000 /dev/urandom >tree/usr/bin/tool
long=$(printf 'd%.0s' {1..120})
mkdir "tree/$long" && echo long >"tree/$long/$long"
echo 'a"b' >'tree/a"b<&>'
for format in gnu ustar pax oldgnu v7; do
  # What the format can't hold.
  skipped=()
  case $format in v7) skipped=(--exclude="$long") ;; ustar) skipped=(--exclude="$long") ;; esac
  tar --format=$format --numeric-owner "${skipped[@]}" -C tree -cf layer.tar .
  same "GNU tar, $format"
done
setfattr -n user.note -v value tree/etc/hello
tar --format=pax --xattrs -C tree -cf layer.tar etc usr
same "xattrs"
bsdtar -C tree -cf layer.tar etc usr
same "bsdtar"
python3 - <<'E3'
import io, tarfile
with tarfile.open("layer.tar", "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as t:
    for name in "\b\f\x7f\u2028", "caf\udcff", "\U0001f600":
        info = tarfile.TarInfo(name)
        info.size = 4
        t.addfile(info, io.BytesIO(b"data"))
E3
same "names that are escaped"
truncate -s 10M tree/sparse
echo data >>tree/sparse
"$UNDERLAY" init --repo=repo
"$UNDERLAY" --repo=repo commit -b x tree >/dev/null
"$UNDERLAY" --repo=repo export --subpath=/etc x -o layer.tar
same "our own export"

done_testing
