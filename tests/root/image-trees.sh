#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images that are hard to unpack: the merged tree of our store is, entry by entry, the one that skopeo makes in
# containers-storage and that umoci unpacks; or all refuse it, or the difference is named here.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd skopeo umoci python3 zstd
private_mounts
mkdir fs
mount -t tmpfs -o size=512m none fs
cd fs
mkdir -p /var/lib/containers
mount -t tmpfs none /var/lib/containers

export UNDERLAY_REPO=repo
"$UNDERLAY" init --mode=bare

# layer ENTRY...: the next layer of the image, each entry with a time of its own, in $format.
n=0
time=1600000000
format="pax"
layer ()
{
  local e entries=()
  for e; do
    time=$((time + 1))
    case $e in *mtime=*) ;; *) e+="|mtime=$time.5" ;; esac
    entries+=("$e")
  done
  n=$((n + 1))
  mktar "$n.tar" "$format" "${entries[@]}"
}
# The root's mode is 0555 to containers/storage, whatever a layer says.
root='d|./||mode=555'

# top STORAGE: the topmost layer of its one image.
top () { python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + "/overlay-images/images.json"))[0]["layer"])' "$1"; }
# merge STORAGE: mount its image's tree at ./STORAGE.tree, as the storage library does.
merge ()
{
  local dir=$1/overlay id lower
  id=$(top "$1")
  mkdir -p "$1.tree"
  lower=l/$(cat "$dir/$id/link"):
  [ ! -e "$dir/$id/lower" ] || lower+=$(cat "$dir/$id/lower"):
  (cd "$dir" && mount -t overlay -o "ro,lowerdir=$lower$id/work" none "../../$1.tree")
}
# times DIR [TEST...]: of all entries but the root, and but directories that an archive has no entry for: they are of now,
# ours of 1970.
started=$(date +%s)
times ()
{
  (cd "$1" && find . -mindepth 1 "${@:2}" ! '(' -type d '(' -newermt "@$started" -o ! -newermt @1 ')' ')' -printf '%p %T@\n' | sort)
}

# image NAME [WITHOUT...]: of the layers so far, the tree by us is the same as by the others, but those of them that are
# WITHOUT. Leaves the trees mounted until the next.
image ()
{
  local name=$1 without=" ${*:2} " i layers=()
  # The others do the same however our program was built.
  [ -z "${UNDERLAY_TEST_SANITIZER:-}" ] || without=" skopeo umoci "
  for ((i = 1; i <= n; i++)); do layers+=("$i.tar:${packing:-none}"); done
  n=0
  for i in ours.tree theirs.tree theirs/overlay; do umount -q "$i" 2>/dev/null || true; done
  rm -rf layout ours theirs bundle
  mkimage layout x "${layers[@]}" >/dev/null
  ok "$name: import" "$UNDERLAY" image import -q ${devices:-} --name=x oci:layout:x
  [ "$status" = 0 ] || return 0
  ok "$name: store" "$UNDERLAY" image store create -q --store=ours --mtimes=keep x
  [ "$status" = 0 ] || return 0
  merge ours
  is "$name: nothing is of now" "$(find ours/overlay/*/diff ! -type c -newermt "@$started")" ""
  if [[ $without != *" skopeo "* ]]; then
    ok "$name: skopeo" skopeo --insecure-policy copy -q oci:layout:x "containers-storage:[overlay@$PWD/theirs+$PWD/run]x:1"
    merge theirs
    # A root mount shows the users' form of opaque.
    same_tree "$name: the tree is skopeo's" ours.tree theirs.tree --no-xattr-prefix user.overlay.
    is "$name: its times are skopeo's" "$(times ours.tree)" "$(times theirs.tree)"
  fi
  if [[ $without != *" umoci "* ]]; then
    ok "$name: umoci" umoci unpack --image layout:x bundle
    same_tree "$name: the tree is umoci's" ours.tree bundle/rootfs --no-xattr-prefix user.overlay.
    # It changes those of directories by putting something in them later.
    is "$name: its times are umoci's" "$(times ours.tree ! -type d)" "$(times bundle/rootfs ! -type d)"
  fi
}

# Whiteouts of files, directories and whole subtrees; opaque directories; what was deleted comes again as something else.
layer "$root" 'd|a|' 'f|a/file|1' 'f|a/stays|1' 'd|a/dir|' 'f|a/dir/f|1' 'd|a/tree|' 'd|a/tree/deep|' 'f|a/tree/deep/f|1' 'd|o||mode=711|uid=5' 'f|o/f|1' \
  'd|o/d|' 'f|o/d/f|1' 'f|to-dir|1' 'd|to-file|' 'f|to-file/f|1' 'l|link|a' 'f|to-link|1' 'd|again|' 'f|again/old|1'
layer "$root" 'd|a|' 'f|a/.wh.file|' 'f|a/.wh.dir|' 'f|a/.wh.tree|' 'd|o||mode=700|uid=6' 'f|o/.wh..wh..opq|' 'f|o/new|2' 'f|.wh.to-dir|' 'f|.wh.to-file|' 'f|.wh.to-link|' \
  'f|.wh.link|' 'f|.wh.again|'
layer "$root" 'd|to-dir||mode=750' 'f|to-dir/f|3' 'f|to-file|3|mode=600' 'l|to-link|a' 'd|link|' 'f|link/f|3' 'd|again|' 'f|again/new|3' 'd|a|' 'd|a/tree|' 'f|a/tree/new|3'
image whiteouts
is "what is deleted is" "$(cd ours.tree && find . -type f | sort | tr '\n' ' ')" "./a/stays ./a/tree/new ./again/new ./link/f ./o/new ./to-dir/f ./to-file "

# Owners, modes, xattrs, capabilities, links, names, a hole, empty ones.
mkdir -p real/one/two
cp "$(type -P true)" real/one/capable
setcap cap_net_raw+ep real/one/capable
setfattr -n user.empty real/one/capable
setfattr -n user.binary -v 0x00ff00 real/one/two
setfattr -n trusted.x -v 1 real/one
truncate -s 1M real/one/hole
echo end >>real/one/hole
ln real/one/hole real/one/two/hole
ln -s "$(printf 'x%.0s' {1..300})" real/one/long-link
: >"real/$(printf 'n%.0s' {1..255})"
chmod 6755 real/one/capable
chmod 555 real
find real -exec touch -h -d '2021-02-03 04:05:06.5' {} +
tar -C real -c --format=pax --sparse --xattrs --xattrs-include='*' --sort=name . >1.tar
n=1
long=$(printf 'dir%.0s' {1..60})
# containers/storage gives a file what the last header of it says, of a hardlink, too.
setuid='mode=4711|uid=3|gid=4|mtime=1500000000.5'
layer "$root" 'd|attr||mode=2775' "f|attr/setuid|1|$setuid" 'f|attr/sticky|2|mode=1600' 'f|attr/big-owner|3|uid=3000000|gid=4000000' 'f|attr/none|4|mode=0' \
  'l|attr/owned|x|uid=7|gid=8' 'f|attr/x|5|SCHILY.xattr.user.a=1|SCHILY.xattr.user.b=two' 'd|attr/d||SCHILY.xattr.user.c=3' 'f|attr/empty|' 'd|attr/empty-dir|' \
  'd|links|' "h|links/hard|attr/setuid|$setuid" 'd|links/sub|' "h|links/sub/hard|attr/setuid|$setuid" 'l|links/loop|loop' 'l|links/up|../../../../etc|mtime=1500000001' 'h|links/of-link|links/up|mtime=1500000001|mode=777' \
  "d|$long|" "f|$long/$long|6" 'f|ünï cödé "<&> |7' 'f|a\\b|8'
format=gnu
layer "$root" "d|$long|" "f|$long/$long-/$long|9" "l|$long/link|$long/$long/$long" 'd|attr||mode=700|uid=9' 'f|attr/more|10|uid=2097152'
format=ustar
layer "$root" "f|$(printf 'p%.0s' {1..90})/$(printf 'q%.0s' {1..90})|11"
format="pax"
image attributes

# What comes twice: the last one counts, and what was a hardlink of the first isn't one of it. The storage library refuses.
layer "$root" 'd|d||mode=700' 'f|d/f|1' 'd|d||mode=750' 'f|twice|first' 'f|twice|other|mode=600' 'f|to-link|x' 'l|to-link|twice' 'l|from-link|twice' 'f|from-link|x' \
  'f|a|aaa' 'h|b|a' 'f|b|bbb' 'f|c|ccc|mtime=1500000000.5' 'h|e|c|mtime=1500000000.5' 'f|c|eee' 'f|g|ggg' 'h|h|g' 'h|h|g'
image duplicates skopeo
is "duplicates: contents" "$(cd ours.tree && cat twice from-link a b c e g h)" "otherxaaabbbeeecccgggggg"

# Absolute names; a symlink, to be followed by what comes below it in the layer above; one that leads out in all of them.
layer "$root" 'd|/abs|' 'f|/abs/f|1' 'f|.//dots/./f|2' 'l|race|/abs' 'l|out|../../../../../../../../../../../../../../../../../../../etc' 'd|dir|' 'f|dir/f|3'
layer "$root" 'd|race||mode=700' 'f|race/f|4' 'f|out/new|5' 'l|dir|abs'
before=$(find /etc /abs -newer 1.tar 2>/dev/null || true)
image names umoci
is "names: nothing is outside" "$(find /etc /abs -newer 1.tar 2>/dev/null || true)" "$before"
is "names: a layer replaces symlinks" "$(cd ours.tree && ls -d race out dir/. && cat race/f out/new)" $'dir/.\nout\nrace\n45'

# Packings; umoci has no zstd. Layers with nothing in them.
packing=gzips
layer "$root" 'd|d|' 'f|d/f||size=5000'
layer
image "members of gzip"
packing=zstd
layer
layer "$root" 'd|d|' 'f|d/f||size=5000'
layer 'f|d/.wh.f|'
image zstd umoci
packing=

# As many layers as Docker can have, each of which replaces what the one below had.
python3 - <<'E1'
import io, tarfile
for n in range(1, 128):
    with tarfile.open(f"{n}.tar", "w", format=tarfile.PAX_FORMAT) as t:
        def add(name, data, **more):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1600000000 + n
            for key, value in more.items():
                setattr(info, key, value)
            t.addfile(info, io.BytesIO(data))
        add(".", b"", type=tarfile.DIRTYPE, mode=0o555)
        add(f"own{n}", b"%d" % n)
        add("all", b"all %d" % n, uid=n)
        if n > 1:
            add(f".wh.own{n - 1}", b"")
E1
n=127
# It takes skopeo two seconds.
if [ -n "${UNDERLAY_TEST_LONG:-}" ]; then image "127 layers"; else image "127 layers" skopeo; fi
is "127 layers: contents" "$(cd ours.tree && echo * && cat all own127)" $'all own127\nall 127127'

# Devices can't be stored. Without them all is the same.
layer "$root" 'd|dev|' 'c|dev/null||dev=1,3' 'b|dev/disk||dev=8,0' 'p|dev/fifo|' 'f|dev/file|1'
devices=--devices=skip
image devices skopeo umoci
umoci unpack --image layout:x bundle 2>umoci.log
rm bundle/rootfs/dev/{null,disk,fifo}
same_tree "devices: without them it's umoci's" ours.tree bundle/rootfs
devices=

# What is refused, and leaves nothing. (skopeo takes "../up" for "up".)
refused ()
{
  local name=$1 re=$2
  n=0
  layer "${@:3}"
  rm -rf layout bundle
  mkimage layout x 1.tar:none >/dev/null
  "$UNDERLAY" refs >refs
  fails_with "$name: refused" "$re" "$UNDERLAY" image import -q --name=bad oci:layout:x
  is "$name: nothing is there" "$("$UNDERLAY" refs)$(find repo/tmp -mindepth 1 ! -name cache)" "$(cat refs)"
}
refused "'..'" '\.\.' 'f|../up|1'
refused "a symlink of the same layer" 'race' 'l|race|/etc' 'f|race/f|1'
refused "a hardlink through a symlink" 'race/passwd' 'l|race|/etc' 'h|hard|race/passwd'
refused "a hardlink to what is outside" 'passwd' 'h|hard|../../../../etc/passwd'
ok "the repository is sound" "$UNDERLAY" fsck -q

# A bomb is as large as the file system lets it be.
mkdir small
mount -t tmpfs -o size=16m none small
"$UNDERLAY" init --repo=small/repo --mode=bare
mktar 1.tar pax 'f|bomb||size=32000000'
rm -rf layout
mkimage layout x 1.tar:gzip >/dev/null
like "a bomb is small" "$(du -k layout | tail -n 1)" '^[0-9]{2,3}[^0-9]'
fails_with "a bomb: refused" 'min-free-space|No space left' "$UNDERLAY" image import -q --repo=small/repo --name=bad oci:layout:x
is "a bomb: nothing is there" "$("$UNDERLAY" refs --repo=small/repo)$(find small/repo/tmp small/repo/objects -type f)" ""
umount small

umount -q ours.tree theirs.tree 2>/dev/null || true
done_testing
