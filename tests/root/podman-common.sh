# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests that run podman with an additional image store: a file system of their own to work on, in a
# mount namespace, and
#
#     pod ARGUMENT...     podman with storage in ./$primary and the additional store ./ro
#                         (in the background with pod_exec=1: $! is podman then)
#     ${limits[@]}        options for `pod run` and `pod create`
#     pod_ro DIR          DIR is what is at ./ro now, read-only

need_root
need_cmd podman crun busybox tar gzip

private_mounts

# podman wants cgroups v2, and the machine may have v1.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2"

# What podman and skopeo remember of blobs on this machine.
mkdir -p /var/lib/containers
mount -t tmpfs none /var/lib/containers

mkdir fs
mount -t tmpfs -o size=512m none fs
cd fs
mkdir ro

export CONTAINERS_CONF=$PWD/containers.conf CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf \
  CONTAINERS_STORAGE_CONF=$PWD/storage.conf
# Nothing shared with podman on the machine, not even its locks.
printf '[engine]\nlock_type = "file"\ntmp_dir = "%s"\nevents_logger = "none"\n' "$PWD/libpod" >containers.conf
: >registries.conf
printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$PWD/run" "$PWD/unused" >storage.conf
primary=primary
inside=()
pod ()
{
  ${pod_exec:+exec} "${inside[@]}" podman --root "$PWD/$primary" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs \
    --storage-opt "additionalimagestore=$PWD/ro" "$@" 3>&-
}
# shellcheck disable=SC2034
limits=(--network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000)

# A script that stops before its end leaves containers, which would run for ever.
_podman_fs=$PWD
_podman_leave ()
{
  local list
  [ -z "$_tap_finished" ] || return 0
  cd "$_podman_fs"
  for list in */overlay-containers; do
    primary=${list%/*} pod rm -fa -t 0 >/dev/null 2>&1
  done
}
at_exit _podman_leave

pod_ro ()
{
  umount ro 2>/dev/null || true
  mount --bind "$1" ro
  mount -o remount,bind,ro ro
}
