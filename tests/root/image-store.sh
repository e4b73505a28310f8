#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store create, add, update, remove, gc: images of a repository in a store that podman runs them from.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd skopeo python3 umoci
. "$SRC/tests/root/podman-common.sh"

export UNDERLAY_REPO=repo
u () { "$UNDERLAY" "$@"; }
store () { "$UNDERLAY" image store "$1" --store=store "${@:2}"; }
names () { pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' | sort | tr '\n' ' '; }
in_container () { pod run --rm "${limits[@]}" "$@"; }

# A base with what is hard to keep, and two versions of a layer upon it.
mkdir -p base/bin base/etc/sub base/tmp base/usr/lib/python/__pycache__
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls echo test stat; do ln -s busybox "base/bin/$a"; done
printf 'base\n' >base/etc/base
# podman 4.3.1 makes a root 0555 whatever the layer says of it.
mkdir -p one
chmod 555 base one
printf 'gone\n' >base/etc/gone
printf 'lower\n' >base/etc/sub/lower
chown 12:34 base/etc/base
chmod 4755 base/bin/busybox
ln base/etc/base base/etc/hard
setfattr -n user.x -v 1 base/etc/gone
echo 'print(1)' >base/usr/lib/python/noted.py
echo 'print(2)' >base/usr/lib/python/other.py
ln base/usr/lib/python/noted.py base/usr/lib/python/same.py
find base -exec touch -h -d '2021-02-03 04:05:06.5' {} +
python3 - <<'E'
import struct
def pyc(name, flags, time):
    open("base/usr/lib/python/__pycache__/" + name + ".cpython-311.pyc", "wb").write(b"\xa7\r\r\n" + struct.pack("<III", flags, time, 9) + b"code")
pyc("noted", 0, 1612325106)
pyc("other", 0, 1600000000)
E
layer () { tar -C "$1" -c --format=pax --xattrs --xattrs-include='*' --sort=name . >"$1.tar"; }
layer base
mkdir -p one/etc/sub two/etc
printf 'added\n' >one/etc/added
printf 'upper\n' >one/etc/sub/upper
: >one/etc/.wh.gone
: >one/etc/sub/.wh..wh..opq
layer one
printf 'second\n' >two/etc/second
: >two/etc/.wh.base
layer two
mkimage layout base base.tar >/dev/null
mkimage layout v1 base.tar one.tar >/dev/null
mkimage layout v2 base.tar two.tar:none >/dev/null

u init --mode=bare
u image import -q --name=base:1 oci:layout:base
u image import -q --name=app oci:layout:v1
ok "a store of images" store create --shared base:1 app
ok "nothing is wrong with it" test -z "$("$BUILD/tests/image/make-store" store)"
pod_ro store
is "podman lists them" "$(names)" "localhost/app:latest true localhost/base:1 true "
run in_container app /bin/sh -c 'ls /etc/sub; cat /etc/base /etc/added; test ! -e /etc/gone && echo deleted'
is "and runs one" "$out" $'upper\nbase\nadded\ndeleted'
diag "$err"

# A layer whose tree has gone comes again from the repository.
cp -a store damaged
for layer in damaged/overlay/[0-9a-f]*; do rm -r "$layer"; break; done
run "$UNDERLAY" image store verify --store=damaged
like "verify sees it" "$status $out" '^1 error diff layer .*: its directory is not there'
like "add makes it anew" "$("$UNDERLAY" image store add --store=damaged base:1 app)" '^[12] images? added.*; 1 layer, '
ok "verify sees nothing" "$UNDERLAY" image store verify --full --store=damaged
like "again there's nothing to do" "$("$UNDERLAY" image store add --store=damaged base:1 app)" '^0 images added'
rm -r damaged

# The merged tree is the one that podman has of the same image.
skopeo --insecure-policy copy -q oci:layout:v1 "containers-storage:[overlay@$PWD/theirs+$PWD/run2]localhost/app:1"
theirs () { podman --root "$PWD/theirs" --runroot "$PWD/run2" --storage-driver overlay "$@" 3>&-; }
a=$(pod create "${limits[@]}" app /bin/sh)
b=$(theirs create "${limits[@]}" localhost/app:1 /bin/sh)
# Link counts are another, as files that are the same are one; and a root mount shows the users' form of opaque.
same_tree "the merged tree is podman's" "$(pod mount "$a")" "$(theirs mount "$b")" --no-links --no-xattr-prefix user.overlay.
is "the times of directories and symlinks, too" "$(cd "$(pod mount "$a")" && find . -type d,l -printf '%p %T@\n' | grep -vE '^\.(/etc|/dev|/run|/proc|/sys)? ' | sort)" \
  "$(cd "$(theirs mount "$b")" && find . -type d,l -printf '%p %T@\n' | grep -vE '^\.(/etc|/dev|/run|/proc|/sys)? ' | sort)"
theirs rm -f "$b" >/dev/null

# Digests.
ok "podman saves it" pod save -q --format oci-dir -o saved app
for l in base one; do
  d=$(sha256sum <$l.tar | cut -d' ' -f1)
  is "the $l layer's tar is what it was" \
    "$(for f in saved/blobs/sha256/*; do gzip -dc "$f" 2>/dev/null | sha256sum; sha256sum <"$f"; done | grep -c "^$d")" 1
done
is "the digest is the image's" "$(pod inspect --type image --format '{{.Digest}}' app)" \
  "sha256:$(u cat image/localhost/app_3A_latest /manifest | sha256sum | cut -d' ' -f1)"

# Files are the repository's, but for those with a time that matters.
lower=store/overlay/$(sha256sum <base.tar | cut -d' ' -f1)/diff
shares () { [ "$(stat -c %h "$lower/$1")" -gt 1 ] && find repo/objects -samefile "$lower/$1" | grep -q .; }
ok "files are hardlinks of objects" shares bin/busybox
ok "a source whose time nobody notes, too" shares usr/lib/python/other.py
nok "a source whose time is noted has an inode of its own" shares usr/lib/python/noted.py
is "with its time" "$(stat -c %y "$lower/usr/lib/python/noted.py")" "2021-02-03 04:05:06.500000000 +0000"
ok "and its other name is the same file" test "$lower/usr/lib/python/noted.py" -ef "$lower/usr/lib/python/same.py"
is "objects keep theirs" "$(find repo/objects -type f -name '*.file' -newermt 1970-01-02 | wc -l)" 0
is "other files are of 1970" "$(stat -c %Y "$lower/etc/base")" 0
"$UNDERLAY" image store create -q --store=zero --mtimes=zero base:1
is "an image named twice is one" "$("$UNDERLAY" image store create --json --store=twice base:1 localhost/base:1 base:1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["images"])')" 1
is "--mtimes=zero: no file has a time" "$(find zero/overlay/*/diff -type f -newermt 1970-01-02 | wc -l)" 0
like "--mtimes=keep says what it copies" "$("$UNDERLAY" image store create --store=keep --mtimes=keep app)" 'files linked, [0-9]* with a time of their own \([0-9.]*.[kM]?B copied\)'
is "--mtimes=keep: every file has its time" \
  "$(cd keep/overlay/"$(sha256sum <base.tar | cut -d' ' -f1)"/diff && find . -printf '%p %T@\n' | sort)" "$(cd base && find . -printf '%p %T@\n' | sort)"
same_tree "--mtimes=keep: hardlinks are as they were" "keep/overlay/$(sha256sum <base.tar | cut -d' ' -f1)/diff" base
ok "the repository is sound" u fsck -q
is "rootful only: modes" "$(stat -c %a zero/overlay zero/overlay-layers/layers.json)" $'700\n600'
is "shared: modes" "$(stat -c %a store/overlay store/overlay-layers/layers.json)" $'755\n644'

# Opaque directories in both forms.
upper=store/overlay/$(printf '%s+%s' "$(sha256sum <base.tar | cut -d' ' -f1)" "$(sha256sum <one.tar | cut -d' ' -f1)" | sha256sum | cut -d' ' -f1)/diff
is "opaque for root and for others" "$(getfattr -d -m overlay --absolute-names "$upper/etc/sub" | grep -c opaque)" 2
is "a whiteout is a device" "$(stat -c '%F %t:%T %a %u' "$upper/etc/gone")" "character special file 0:0 0 0"

# A container that is there stays what it is while the image is updated.
pod start "$a" >/dev/null 2>&1 || true
pod rm -f "$a" >/dev/null
a=$(pod run -d "${limits[@]}" app /bin/sh -c 'while [ ! -e /tmp/stop ]; do :; done; cat /etc/added')
u image import -q --name=app oci:layout:v2
like "update keeps what a container stands on" "$(store update --in-use-by=primary)" "kept layer [0-9a-f]*, in use by layer [0-9a-f]* in primary"
pod_ro store
run in_container app /bin/sh -c 'cat /etc/second; test ! -e /etc/base && echo deleted'
is "the new image runs" "$out" $'second\ndeleted'
is "the container of the old one does" "$(pod exec "$a" /bin/cat /etc/added)" added
like "gc says what holds a layer" "$(store gc --in-use-by=primary)" "^kept layer .*, in use by layer .* in primary$"
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\n' "$PWD/primary" >own.conf
like "by the environment's storage.conf, too" "$(CONTAINERS_STORAGE_CONF=own.conf store gc)" "^kept layer .*, in use by layer .* in $PWD/primary$"
fails_with "which has to be there" "^error: look for what uses the store: CONTAINERS_STORAGE_CONF: open nowhere.conf: No such file or directory$" env CONTAINERS_STORAGE_CONF=nowhere.conf "$UNDERLAY" image store gc --store=store
mkdir own
# shellcheck disable=SC2059
own_conf () { printf "$@" >own/conf; CONTAINERS_STORAGE_CONF=own/conf store gc; }
root=$PWD/primary
like "a graphroot with blanks and a comment" "$(own_conf '[ storage ] # x\n\t graphroot\t= "%s" # y\n[storage.options]\n' "$root")" "^kept layer .*, in use by layer .* in $root$"
for text in '"graphroot"="%s"' 'graphroot="""%s"""' "graphroot='''%s'''" 'graphroot="%s' 'graphroot="/x\\u0041%s"' 'graphroot="/x$HOME%s"' \
  'graphroot="x%s"' 'graphroot="/a"\ngraphroot="%s"' '[other]\ngraphroot="%s"' 'x={graphroot="%s"}'; do
  fails_with "not plain: $text" "^error: look for what uses the store: CONTAINERS_STORAGE_CONF: own/conf: line [23]: not a plain graphroot" own_conf "[storage]\n$text\n" "$root"
done
fails_with "not plain: storage.graphroot" 'line 1: not a plain graphroot' own_conf 'storage.graphroot="%s"\n' "$root"
fails_with "not a text" 'own/conf: not a text$' own_conf '\xff\xfe[\0s'
like "as JSON" "$(store gc --json --in-use-by=primary)" '"by" : "layer [0-9a-f]* in primary"'
pod rm -f -t 0 "$a" >/dev/null 2>&1
like "gc removes it when nothing stands on it" "$(store gc --in-use-by=primary)" "^removed layer [0-9a-f]{64}$"
is "nothing more" "$(store gc --in-use-by=primary)" ""
is "a graphroot in a comment, or in a value, is none" "$(own_conf '# graphroot="x"\n[storage]\nrunroot="/graphroot"\n' && echo 0)" 0
ok "nothing is wrong with the store" test -z "$("$BUILD/tests/image/make-store" store)"
is "unchanged" "$(store update --in-use-by=primary)" "0 images added, 2 unchanged; 0 layers, 0 files linked"

# By IDs: of what the repository has, and of what the store has.
base_id=$(u image show --config base:1 | sha256sum | cut -d' ' -f1)
is "update by ID" "$(store update --in-use-by=primary "${base_id:0:12}")" "0 images added, 1 unchanged; 0 layers, 0 files linked"
is "remove by ID, once" "$(store remove --in-use-by=primary "${base_id:0:12}" "$base_id" base:1)" "removed image $base_id"
fails_with "it's gone" 'no image [0-9a-f]{12}$' store remove --in-use-by=primary "${base_id:0:12}"
fails_with "update of what's gone" 'not in the store' store update "$base_id"
is "add by ID" "$(store add "sha256:$base_id")" "1 image added; 0 layers, 0 files linked"

# Images come and go while podman has the store.
like "remove" "$(store remove --in-use-by=primary base:1)" "^removed image base:1$"
pod_ro store
is "podman doesn't see it" "$(names)" "localhost/app:latest true "
ok "add" store add base:1
is "podman sees it" "$(names)" "localhost/app:latest true localhost/base:1 true "
like "remove all" "$(store remove --in-use-by=primary app base:1 | grep -c '^removed layer')" 2
is "nothing is left" "$(ls store/overlay/l)$(names)" ""

# Wrong.
umount ro
fails_with "create where a store is" 'store: a store is there already, add to it' store create base:1
fails_with "no store" 'Which store must be given, with --store=DIR' "$UNDERLAY" image store add base:1
fails_with "a store that isn't there" 'nowhere' "$UNDERLAY" image store add --store=nowhere base:1
fails_with "no such image" 'image localhost/nix:latest: not there' store add nix
fails_with "create with no such image" 'image localhost/nix:latest: not there' "$UNDERLAY" image store create --store=new base:1 nix
ok "makes nothing" test ! -e new
fails_with "remove what isn't there" 'nix' store remove nix
fails_with "update what isn't there" 'localhost/app:latest: not in the store' store update app
fails_with "--mtimes" 'must be auto, zero or keep' "$UNDERLAY" image store create --store=new --mtimes=x base:1
fails_with "--in-use-by" 'nowhere: no container storage there' store gc --in-use-by=nowhere
primary="primary-with"
pod create "${limits[@]}" --rootfs "$PWD/base" /bin/sh >/dev/null
c=$(tar -C base -c etc/sub | pod import -q - localhost/own:1)
pod create "${limits[@]}" "$c" /bin/sh >/dev/null
fails_with "a store that has containers" 'the store has [0-9]* containers? of its own' "$UNDERLAY" image store gc --store=primary-with
mkdir empty-dir foreign-dir && : >foreign-dir/file
ok "create in an empty directory" "$UNDERLAY" image store create -q --store=empty-dir base:1
fails_with "create where something else is" 'not a container store' "$UNDERLAY" image store create --store=foreign-dir base:1
before=$(cat empty-dir/overlay-images/images.json)
fails_with "remove, when users can't be asked" 'no container storage there' "$UNDERLAY" image store remove --store=empty-dir --in-use-by=nowhere base:1
is "removes nothing then" "$(cat empty-dir/overlay-images/images.json)" "$before"
ok "an empty store" "$UNDERLAY" image store create --store=empty
ok "is a store" "$UNDERLAY" image store add --store=empty -q base:1 app

# What is left of a file whose first name got other content later in the layer has its time, too.
mktar again.tar pax 'f|fa|old|mtime=5' 'h|fb|fa|mtime=5' 'f|fa|new|mtime=6' 'l|sa|old|mtime=5' 'h|sb|sa|mtime=5' 'l|sa|new|mtime=6'
mkimage layout again again.tar >/dev/null
u image import -q --name=again oci:layout:again
for mtimes in auto keep; do
  "$UNDERLAY" image store create -q --store="again-$mtimes" --mtimes="$mtimes" again
done
times () { (cd "$1"/overlay/[0-9a-f]*/diff && stat -c '%n %Y' fa fb sa sb | paste -sd' '); }
is "times of what was replaced: auto" "$(times again-auto)" "fa 0 fb 0 sa 6 sb 5"
is "times of what was replaced: keep" "$(times again-keep)" "fa 6 fb 5 sa 6 sb 5"

# On another file system files are copied, and that is said.
mkdir other
mount -t tmpfs none other
like "another file system" "$("$UNDERLAY" image store create --store=other/store base:1)" '1 image added; 1 layer, 0 files linked, [0-9]+ copied \('
is "of 1970, too" "$(find other/store/overlay/*/diff -type f -newermt 1970-01-02 | grep -v noted.py | grep -v same.py)" ""
b=other/store/overlay/$(sha256sum <base.tar | cut -d' ' -f1)/diff
ok "and hardlinks are hardlinks" test "$b/etc/base" -ef "$b/etc/hard"
umount other
"$UNDERLAY" init --repo=packed --mode=archive
"$UNDERLAY" image import -q --repo=packed --name=base:1 oci:layout:base
ok "from an archive" "$UNDERLAY" image store create -q --repo=packed --store=unpacked base:1
same_tree "it's the same" unpacked/overlay/*/diff base --no-xattr-prefix user.overlay.

done_testing
