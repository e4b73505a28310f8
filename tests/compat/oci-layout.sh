#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The image layouts that we write are those of skopeo and umoci, and theirs stay so when we add an image.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd skopeo umoci python3
WRITE=$BUILD/tests/image/write-layout

# image NAME: NAME.tar.gz, NAME.config, NAME.manifest, an image with a file that says NAME.
image ()
{
  mkdir -p "tree-$1/etc"
  echo "$1" >"tree-$1/etc/name"
  tar --numeric-owner -C "tree-$1" -cf "$1.tar" .
  gzip -n <"$1.tar" >"$1.tar.gz"
  python3 - "$1" <<'E1'
import hashlib, json, sys
name = sys.argv[1]
def describe(path, kind):
    data = open(path, "rb").read()
    return {"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)}
with open(name + ".config", "w") as f:
    json.dump({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [
        describe(name + ".tar", "")["digest"]]}}, f)
with open(name + ".manifest", "w") as f:
    json.dump({"schemaVersion": 2, "config": describe(name + ".config", "config.v1+json"),
               "layers": [describe(name + ".tar.gz", "layer.v1.tar+gzip")]}, f)
E1
}

# add DIR TAG NAME
add () { "$WRITE" "$1" "$2" "$3.tar.gz" "$3.config" "$3.manifest"; }
digest () { skopeo inspect --raw "oci:$1" | sha256sum; }
is_image () { is "$1" "$(digest "$2")" "$(sha256sum <"$3.manifest")"; }
copy () { skopeo --insecure-policy copy -q "$@"; }

for name in one two three; do
  image $name
done

add ours one one
is_image "skopeo reads what we wrote" ours:one one
is_image "the only image needs no name" ours one
ok "skopeo copies it" copy oci:ours:one dir:copied
ok "its layer is the one" cmp one.tar.gz copied/"$(sha256sum <one.tar.gz | cut -c1-64)"
ok "containers/storage takes it" copy oci:ours:one "containers-storage:[vfs@$T/root+$T/run]x:1"
ok "umoci unpacks it" umoci unpack --image ours:one bundle
is "umoci sees the file" "$(cat bundle/rootfs/etc/name)" one

add ours example.org/two:1 two
is_image "a second image" ours:example.org/two:1 two
is_image "the first is still there" ours:one one
is "umoci lists both" "$(umoci list --layout ours | sort | tr '\n' ' ')" "example.org/two:1 one "
add ours one three
is_image "a name gets another image" ours:one three
is "and is there once" "$(umoci list --layout ours | sort | tr '\n' ' ')" "example.org/two:1 one "
ok "umoci's garbage collection takes what nothing points to" umoci gc --layout ours
nok "the old image" test -e ours/blobs/sha256/"$(sha256sum <one.manifest | cut -c1-64)"
is_image "not the new one" ours:one three

ok "skopeo adds to ours" copy oci:ours:one oci:ours:skopeo
is_image "and keeps what is there" ours:example.org/two:1 two
is_image "its own is there" ours:skopeo three

copy oci:ours:one oci:theirs:one
add theirs two two
is_image "we add to skopeo's" theirs:two two
is_image "and keep what is there" theirs:one three

umoci init --layout umoci
umoci new --image umoci:empty
before=$(digest umoci:empty)
add umoci two two
is_image "we add to umoci's" umoci:two two
is "and keep what is there" "$(digest umoci:empty)" "$before"

# Of names the same ones are taken.
for tag in a a--b a__b a..b "a b" example.org:5000/x:1 -x x/ a+b ü; do
  theirs=0
  ours=0
  copy oci:ours:one "oci:theirs-names:$tag" 2>/dev/null || theirs=$?
  add ours-names "$tag" one 2>/dev/null || ours=$?
  is "name '$tag'" "$ours" "$theirs"
done

# Without a name.
for writer in skopeo add; do
  for name in one two one; do
    if [ $writer = add ]; then
      add unnamed-$writer "" $name
    else
      rm -rf source
      add source x $name
      copy oci:source:x oci:unnamed-$writer
    fi
  done
done
manifests () { python3 -c 'import json, sys; print(sorted(m["digest"] for m in json.load(open(sys.argv[1]))["manifests"]))' "$1/index.json"; }
is "images without a name are added as by skopeo" "$(manifests unnamed-add)" "$(manifests unnamed-skopeo)"

# Many at once: all are there.
for i in 1 2 3 4 5 6 7 8; do
  add together "image$i" one &
done
wait
is "of several writers none loses an image" "$(umoci list --layout together | wc -l)" 8

done_testing
