#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# All that podman, buildah and skopeo do with images, with our store read-only: on a bind mount, on erofs, on ext4. With
# UNDERLAY_TEST_LONG also by the programs of Debian 13.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd skopeo buildah python3 jq mkfs.erofs mkfs.ext4
. "$SRC/tests/root/podman-common.sh"
. "$SRC/build-aux/packages.sh"

# Owners that a mapping has to keep, setuid, an xattr, and in the layer above all that can hide something.
mkdir -p base/bin base/etc/sub base/etc/old/deep base/tmp one/etc/sub two/etc
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls echo stat test; do ln -s busybox "base/bin/$a"; done
printf 'base\n' >base/etc/base
: >base/etc/gone
: >base/etc/sub/lower
: >base/etc/old/deep/file
chown 12:34 base/etc/base
chmod 4755 base/bin/busybox
chmod 1777 base/tmp
setfattr -n user.x -v 1 base/etc/base
printf 'added\n' >one/etc/added
: >one/etc/sub/upper
: >one/etc/.wh.gone
: >one/etc/.wh.old
: >one/etc/sub/.wh..wh..opq
printf 'two\n' >two/etc/two
for l in base one two; do tar -C $l -c --format=pax --xattrs --xattrs-include='*' --sort=name . >$l.tar; done
# As podman packs layers, so that it makes the same again.
mkimage --history plain app base.tar:none one.tar:none >/dev/null
mkimage --history plain next base.tar:none one.tar:none two.tar:none >/dev/null
for i in app next; do skopeo --insecure-policy copy -q --dest-compress-format gzip --dest-compress oci:plain:$i oci:layout:$i; done

# For other programs than this machine has: whose, and where their files are.
system=
top=
export UNDERLAY_REPO=repo
"$UNDERLAY" init --mode=bare
"$UNDERLAY" image import -q --name=app oci:layout:app
"$UNDERLAY" image store create -q --store=store --shared app

in_container () { pod run --rm "${limits[@]}" "$@"; }
build () { "${inside[@]}" buildah --root "$PWD/$primary" --runroot "$PWD/run" --storage-driver overlay --storage-opt "additionalimagestore=$PWD/ro" "$@" 3>&-; }
# In storage of podman's own.
own () { "${inside[@]}" podman --root "$PWD/own$system" --runroot "$PWD/run" --storage-driver overlay "$@" 3>&-; }
skop () { "${inside[@]}" skopeo --insecure-policy "$@" 3>&-; }
# The layers of an image in a layout, unpacked.
tars () { jq -r '.layers[].digest[7:]' <"$1/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$1/index.json")" | while read -r b; do gzip -dcf "$1/blobs/sha256/$b" | sha256sum; done; }
original=$(tars plain)
merged='test ! -e /etc/gone && test ! -e /etc/old && cat /etc/base /etc/added && ls /etc/sub && stat -c "%a %u:%g" /bin/busybox /etc/base /tmp'
in_merged=$'base\nadded\nupper\n4755 0:0\n644 12:34\n1777 0:0'
# says HOW COMMAND: what podman says of the image, but for where it is and what it was called before.
says ()
{
  case $2 in
    inspect) "$1" image inspect app | jq -S 'del(.[].NamesHistory, .[].GraphDriver)' ;;
    *) "$1" image "$2" app ;;
  esac
}

# What podman has of the image in storage of its own, which is compared with ours.
own_images ()
{
  [ ! -e "own$system" ] || return 0
  local id
  id=$(own pull -q oci:layout:app)
  # It's called otherwise by each version.
  own untag "$id"
  own tag "$id" app
}

# battery NAME: everything, with the store that is at ./ro and storage of its own.
battery ()
{
  local n=$1 id c src before
  primary=$1
  src="containers-storage:[overlay@$PWD/$1+$PWD/run:additionalimagestore=$PWD/ro]"
  before=$(find ro -printf '%P %y %m %s %T@\n' | sort)
  rm -rf saved pushed copied
  own_images
  # 5.x compares trees with tar-split. It misses the lower layers of whatever stands on any read-only store.
  [ -z "$system" ] || is "$n: system check" "$(pod system check 2>&1)" ""
  is "$n: images" "$(pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}')" "localhost/app:latest true"
  ok "$n: exists" pod image exists app
  is "$n: inspect" "$(pod image inspect --format '{{len .RootFS.Layers}} {{.Digest}}' app)" "2 $(jq -r '.[0].digest' ro/overlay-images/images.json)"
  for c in inspect tree history diff; do
    is "$n: $c, as of an image of podman's own" "$(says pod $c)" "$(says own $c)"
  done
  run in_container app /bin/sh -c "$merged"
  is "$n: run" "$out" "$in_merged"
  diag "$err"
  run in_container --uidmap 0:100000:65536 --gidmap 0:100000:65536 app /bin/sh -c "$merged"
  is "$n: run with mapped users" "$out" "$in_merged"
  diag "$err"

  c=$(pod create "${limits[@]}" app /bin/sh)
  mnt=$top$(pod mount "$c")
  is "$n: mount of a container" "$(cat "$mnt/etc/base")" base
  echo changed >"$mnt/etc/new"
  rm "$mnt/etc/added"
  pod umount "$c" >/dev/null
  is "$n: diff of a container" "$(pod diff "$c" | sort)" $'A /etc/new\nC /etc\nD /etc/added'
  is "$n: export" "$(pod export "$c" | tar -xO etc/new etc/base | sort)" $'base\nchanged'
  ok "$n: commit" pod commit -q "$c" changed
  is "$n: commit: only that is written" "$(jq length "$1/overlay-layers/layers.json")" 2
  pod rm "$c" >/dev/null
  run in_container changed /bin/sh -c 'cat /etc/new; test ! -e /etc/added && echo deleted'
  is "$n: commit: it runs" "$out" $'changed\ndeleted'

  ok "$n: save" pod save -q --format oci-dir -o saved app
  is "$n: save: the layers are what they were" "$(tars saved)" "$original"
  ok "$n: push" pod push -q app oci:pushed:1
  is "$n: push: the layers are what they were" "$(tars pushed)" "$original"
  is "$n: skopeo inspect" "$(skop inspect --raw "${src}localhost/app:latest" | sha256sum)" "$(sha256sum <"ro/overlay-images/$(jq -r '.[0].id' ro/overlay-images/images.json)/manifest")"
  ok "$n: skopeo copy" skop copy -q "${src}localhost/app:latest" oci:copied:1
  is "$n: skopeo copy: the layers are what they were" "$(tars copied)" "$original"

  ok "$n: buildah from" build from --pull-never --name work app
  mnt=$top$(build mount work)
  is "$n: buildah mount" "$(cat "$mnt/etc/base")" base
  echo built >"$mnt/etc/built"
  build umount work >/dev/null
  ok "$n: buildah commit" build commit -q work built
  build rm work >/dev/null
  is "$n: buildah commit: it runs" "$(in_container built /bin/cat /etc/built /etc/added)" $'built\nadded'
  printf 'FROM app\nCOPY file /etc/copied\nRUN cat /etc/base /etc/copied >/etc/both\n' >context/Containerfile
  ok "$n: build" pod build -q --isolation chroot "${limits[@]:4}" --pull=never -t made context
  is "$n: build: it runs" "$(in_container made /bin/cat /etc/both)" $'base\nfile'

  # Before it has a tag: that makes a copy of the entry, which can be removed.
  run pod rmi app
  like "$n: it can't be removed" "$status $err" '^[1-9].*read-only'
  ok "$n: tag" pod tag app other:1
  is "$n: tag: it runs" "$(in_container other:1 /bin/cat /etc/added)" added
  ok "$n: untag" pod untag other:1 other:1
  ok "$n: pull of what stands on it" pod pull -q oci:layout:next
  is "$n: it stands on it" "$(jq -r '.[].parent' "$1/overlay-layers/layers.json" | sort | uniq -c | sort -n | tail -n 1 | awk '{ print $2 }')" "$(jq -r '.[0].layer' ro/overlay-images/images.json)"

  # The library has no lock to note mounts of read-only images in.
  run pod image mount app
  isnt "$n: no mount of an image" "$status" 0
  run in_container --mount type=image,source=app,destination=/mnt app /bin/ls /mnt
  isnt "$n: no image as a volume" "$status" 0
  is "$n: podman sees it still" "$(pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' | grep -c 'localhost/app:latest true')" 1
  is "$n: nothing has changed in it" "$(find ro -printf '%P %y %m %s %T@\n' | sort)" "$before"
}

mkdir context
echo file >context/file
# on MOUNT: the battery with the store on a mount of that kind at ./ro.
on ()
{
  umount ro 2>/dev/null || true
  case $1 in
    bind) pod_ro store ;;
    erofs) mkfs.erofs --quiet disk store ;;
    ext4) truncate -s 32M disk && mkfs.ext4 -q -d store disk ;;
  esac
  if [ "$1" != bind ] && ! mount -o loop,ro disk ro 2>mount.log; then
    skip "$1" "$(tail -n 1 mount.log)"
    return 0
  fi
  [ -z "$system" ] || enter
  battery "$1$system"
  [ -z "$system" ] || leave
}

# enter, leave: programs are those of Debian 13, in a mount namespace. Not by chroot, as who is in one
# can't make user namespaces.
enter ()
{
  local all=$T/debian13/all
  rm -f entered
  # shellcheck disable=SC2016
  unshare -m --propagation private bash -c '
    for m in /dev /proc /sys "$1"; do mount --rbind "$m" "$2$m"; done
    cd "$2" && pivot_root . . && umount -l . && : >"$1/entered" && exec sleep 1000' - "$PWD" "$all" 3>&- &
  holder=$!
  at_exit "kill $holder 2>/dev/null"
  until [ -e entered ]; do
    kill -0 "$holder" && sleep 0.05
  done
  inside=(nsenter -t "$holder" -m env -C "$PWD")
  top=/proc/$holder/root
}

leave ()
{
  kill "$holder"
  wait "$holder" || true
  inside=()
  top=
}

on bind
# What is ours is the same on each.
[ -n "${UNDERLAY_TEST_SANITIZER:-}" ] || on erofs
if [ -n "${UNDERLAY_TEST_LONG:-}" ]; then
  on ext4
  if [ -e "$debian13" ]; then
    system=-debian13
    # Nothing is written to the one that is kept.
    mkdir "$T/debian13"
    mount -t tmpfs none "$T/debian13"
    mkdir "$T/debian13/up" "$T/debian13/work" "$T/debian13/all"
    mount -t overlay -o "lowerdir=$debian13,upperdir=$T/debian13/up,workdir=$T/debian13/work" none "$T/debian13/all"
    mkdir -p "$T/debian13/all$PWD"
    on bind
    on erofs
    on ext4
  else
    skip "Debian 13" "there's none in $debian13"
  fi
fi
done_testing
