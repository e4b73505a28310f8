# SPDX-License-Identifier: LGPL-2.1-or-later
# A store written by the library, read by podman as a read-only additional image store: listed,
# inspected, run, committed upon, saved.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd podman crun busybox tar gzip

private_mounts

# podman wants cgroups v2, and the machine may have v1.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2"

mkdir fs
mount -t tmpfs -o size=512m none fs
cd fs

export CONTAINERS_CONF=$PWD/containers.conf CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf \
  CONTAINERS_STORAGE_CONF=$PWD/storage.conf
# Nothing shared with podman on the machine, not even its locks.
printf '[engine]\nlock_type = "file"\ntmp_dir = "%s"\nevents_logger = "none"\n' "$PWD/libpod" >containers.conf
: >registries.conf
printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$PWD/run" "$PWD/unused" >storage.conf
pod ()
{
  podman --root "$PWD/primary" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs \
    --storage-opt "additionalimagestore=$PWD/ro" "$@" 3>&-
}
limits=(--network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000)

# A base, and a layer in which a file is deleted, a directory replaced and a file added. Of each
# the tar as it is in an image, and the tree as overlayfs has it.
mkdir -p base/bin base/etc/sub base/tmp
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls echo test; do ln -s busybox "base/bin/$a"; done
printf 'base\n' >base/etc/base
printf 'gone\n' >base/etc/gone
printf 'lower\n' >base/etc/sub/lower
chown 12:34 base/etc/base
mkdir -p upper/etc/sub
printf 'added\n' >upper/etc/added
printf 'upper\n' >upper/etc/sub/upper
cp -a upper upper.tree
: >upper/etc/.wh.gone
: >upper/etc/sub/.wh..wh..opq
mknod -m 0 upper.tree/etc/gone c 0 0
setfattr -n trusted.overlay.opaque -v y upper.tree/etc/sub
split ()
{
  tar -C "$1" -c --sort=name . >"$1.tar"
  "$BUILD/tests/core/split-tar" <"$1.tar" | gzip -n >"$1.split.gz"
}
split base
split upper

make_store () { "$BUILD/tests/image/make-store" store "$@"; }
ok "a store with one image" make_store localhost/base:1 base base.tar base.split.gz
ok "another image on the same base" make_store localhost/changed:1 base base.tar base.split.gz upper.tree upper.tar upper.split.gz

mkdir ro primary
mount --bind store ro
mount -o remount,bind,ro ro
names () { pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' | sort | tr '\n' ' '; }
is "podman lists them" "$(names)" "localhost/base:1 true localhost/changed:1 true "
is "inspects one" "$(pod inspect --type image --format '{{len .RootFS.Layers}} {{.Digest}}' localhost/changed:1)" \
  "2 sha256:$(sha256sum <"$(echo store/overlay-images/"$(pod images -q --no-trunc localhost/changed:1 | cut -d: -f2)"/manifest)" | cut -d' ' -f1)"
run pod run --rm "${limits[@]}" localhost/base:1 /bin/cat /etc/base /etc/gone /etc/sub/lower
is "runs the base" "$out" $'base\ngone\nlower'
diag "$err"
run pod run --rm "${limits[@]}" localhost/changed:1 /bin/sh -c 'ls /etc /etc/sub; cat /etc/base /etc/added /etc/sub/upper; test ! -e /etc/gone && echo deleted'
is "runs the other, with what it deletes" "$(grep -vE '^(hosts|hostname|resolv.conf|mtab)$' <<<"$out")" \
  $'/etc:\nadded\nbase\nsub\n\n/etc/sub:\nupper\nbase\nadded\nupper\ndeleted'
diag "$err"

# What podman makes of tar-split and trees is the tar.
ok "saves it" pod save --quiet --format oci-dir -o saved localhost/changed:1
for t in base upper; do
  digest=$(sha256sum <"$t.tar" | cut -d' ' -f1)
  is "the $t layer's tar is what it was" \
    "$(for b in saved/blobs/sha256/*; do gzip -dc "$b" 2>/dev/null | sha256sum; sha256sum <"$b"; done | grep -c "^$digest")" 1
done

# A container's changes, as an image in the primary store that stands on the additional one.
ctr=$(pod create "${limits[@]}" localhost/changed:1 /bin/sh)
mnt=$(pod mount "$ctr")
printf 'third\n' >"$mnt/etc/third"
pod umount "$ctr" >/dev/null
pod commit --quiet "$ctr" localhost/third:1 >/dev/null
pod rm "$ctr" >/dev/null
run pod run --rm "${limits[@]}" localhost/third:1 /bin/cat /etc/third /etc/added
is "an image of podman's on top" "$out" $'third\nadded'
run pod rmi localhost/base:1
like "podman doesn't remove what is in it" "$err" "read-only image"

# While it's in use another image comes.
mkdir other
printf 'other\n' >other/file
split other
ok "an image is added" make_store localhost/other:1 base base.tar base.split.gz other other.tar other.split.gz
like "podman sees it" "$(names)" "localhost/other:1 true"
run pod run --rm "${limits[@]}" localhost/other:1 /bin/cat /file
is "and runs it" "$out" other
run pod run --rm "${limits[@]}" localhost/third:1 /bin/cat /etc/third
is "the image on top still runs" "$out" third

# Into a store of podman's own, which goes on using it as its primary one.
foreign () { podman --root "$PWD/foreign" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs "$@" 3>&-; }
tar -C base -c bin etc/sub | foreign import --quiet - localhost/theirs:1 >/dev/null
theirs=$(cat foreign/overlay-images/images.json)
ok "an image into podman's store" "$BUILD/tests/image/make-store" foreign localhost/changed:1 base base.tar base.split.gz \
  upper.tree upper.tar upper.split.gz
like "podman's own entry is as it was" "$(cat foreign/overlay-images/images.json)" "^$(sed 's/[][\\.*{}]/\\&/g' <<<"${theirs%]}"),"
is "podman lists both" "$(foreign images --format '{{.Repository}}' | sort | tr '\n' ' ')" "localhost/changed localhost/theirs "
run foreign run --rm "${limits[@]}" localhost/changed:1 /bin/cat /etc/added
is "and runs ours" "$out" added
run foreign run --rm "${limits[@]}" localhost/theirs:1 /bin/cat /etc/sub/lower
is "and its own" "$out" lower
ok "podman removes ours" foreign rmi localhost/changed:1
is "and nothing of it is left" "$(ls foreign/overlay-images | wc -l) $(find foreign/overlay/l -type l | wc -l)" "3 1"

done_testing
