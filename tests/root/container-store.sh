# SPDX-License-Identifier: LGPL-2.1-or-later
# A container store as one tree: two images with a shared layer, the store committed with its
# whiteouts, checked out elsewhere, and a container run from it as a read-only additional store.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd podman crun busybox

private_mounts

# podman wants cgroups v2, and the machine may have v1.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2"

# A file system of its own: the store needs overlay's upper directories, so no overlay below it.
mkdir fs
mount -t tmpfs -o size=512m none fs
cd fs

export CONTAINERS_CONF=$PWD/containers.conf CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf \
  CONTAINERS_STORAGE_CONF=$PWD/storage.conf
# Nothing shared with podman on the machine, not even its locks.
printf '[engine]\nlock_type = "file"\ntmp_dir = "%s"\nevents_logger = "none"\n' "$PWD/libpod" >containers.conf
: >registries.conf
printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$PWD/run" "$PWD/unused" >storage.conf
pod () { podman --root "$1" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs "${@:2}" 3>&-; }
run_in ()
{
  pod "$1" "${store_opts[@]}" run --rm --network none --cgroups disabled --ulimit nofile=1024:1024 \
    --ulimit nproc=1000:1000 "${@:2}"
}

mkdir -p rootfs/bin rootfs/etc/sub rootfs/tmp
cp "$(command -v busybox)" rootfs/bin/busybox
for a in sh cat ls echo test; do ln -s busybox "rootfs/bin/$a"; done
printf 'base\n' >rootfs/etc/base
printf 'gone\n' >rootfs/etc/gone
printf 'lower\n' >rootfs/etc/sub/lower
tar -C rootfs -c . | pod "$PWD/store" import --quiet - localhost/base:1 >import.log

# The second image stands on the first: a file deleted, a directory replaced, one file added.
ctr=$(pod "$PWD/store" create --network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 localhost/base:1 /bin/sh)
mnt=$(pod "$PWD/store" mount "$ctr")
rm "$mnt/etc/gone"
rm -r "$mnt/etc/sub"
mkdir "$mnt/etc/sub"
printf 'upper\n' >"$mnt/etc/sub/upper"
printf 'added\n' >"$mnt/etc/added"
pod "$PWD/store" umount "$ctr" >/dev/null
pod "$PWD/store" commit --quiet "$ctr" localhost/changed:1 >/dev/null
pod "$PWD/store" rm "$ctr" >/dev/null
store_opts=()
is "two images in the store" "$(pod "$PWD/store" images --format '{{.Repository}}' | sort | tr '\n' ' ')" \
  "localhost/base localhost/changed "
ok "with a whiteout in it" test -n "$(find store/overlay -type c)"

"$UNDERLAY" init --repo=repo --mode=bare
fails_with "without --retarget-whiteouts the commit says what is in the way" "gone" \
  "$UNDERLAY" --repo=repo commit -b store store
ok "commit of the store" "$UNDERLAY" --repo=repo commit -b store --retarget-whiteouts store
ok "the peer's fsck" "$OSTREE" --repo=repo fsck -q
ok "checkout" "$UNDERLAY" --repo=repo checkout -H --process-passthrough-whiteouts store elsewhere
is "whiteouts came back" "$(cd elsewhere && find . -type c | sort)" "$(cd store && find . -type c | sort)"
same_tree "the store came back" store elsewhere --no-links

mkdir ro
mount --bind elsewhere ro
mount -o remount,bind,ro ro
mkdir primary
store_opts=(--storage-opt "additionalimagestore=$PWD/ro")
is "the images are seen" "$(pod "$PWD/primary" "${store_opts[@]}" images --format '{{.Repository}} {{.ReadOnly}}' | sort | tr '\n' ' ')" \
  "localhost/base true localhost/changed true "
run run_in "$PWD/primary" localhost/base:1 /bin/cat /etc/base /etc/gone /etc/sub/lower
is "a container of the base image" "$out" $'base\ngone\nlower'
diag "$err"
run run_in "$PWD/primary" localhost/changed:1 /bin/sh -c 'ls /etc /etc/sub; cat /etc/base /etc/added /etc/sub/upper; test ! -e /etc/gone && echo deleted'
is "a container of the changed image" "$(grep -vE '^(hosts|hostname|resolv.conf|mtab)$' <<<"$out")" \
  $'/etc:\nadded\nbase\nsub\n\n/etc/sub:\nupper\nbase\nadded\nupper\ndeleted'
diag "$err"
is "the read-only store is as it was" "$(cd elsewhere && find . | sort | sha256sum)" "$(cd store && find . | sort | sha256sum)"

done_testing
