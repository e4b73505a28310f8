# SPDX-License-Identifier: LGPL-2.1-or-later
# A store that skopeo and podman have made, broken in each way that podman fails at, repaired, and
# used by podman from a read-only mount.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd podman skopeo crun busybox python3

private_mounts

# podman wants cgroups v2, and the machine may have v1.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup || skip_all "no cgroup2"

mkdir fs
mount -t tmpfs -o size=768m none fs
cd fs

export CONTAINERS_CONF=$PWD/containers.conf CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf \
  CONTAINERS_STORAGE_CONF=$PWD/storage.conf
# Nothing shared with podman on the machine, not even its locks.
printf '[engine]\nlock_type = "file"\ntmp_dir = "%s"\nevents_logger = "none"\n' "$PWD/libpod" >containers.conf
: >registries.conf
printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$PWD/run" "$PWD/unused" >storage.conf
printf '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
primary=primary
pod ()
{
  podman --root "$PWD/$primary" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs \
    --storage-opt "additionalimagestore=$PWD/ro" "$@" 3>&-
}
limits=(--network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000)

# A base, and a layer that deletes a file, replaces a directory and adds a file; as OCI layouts.
mkdir -p base/bin base/etc/sub base/tmp upper/etc/sub
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls echo test; do ln -s busybox "base/bin/$a"; done
printf 'base\n' >base/etc/base
printf 'gone\n' >base/etc/gone
printf 'lower\n' >base/etc/sub/lower
printf 'added\n' >upper/etc/added
printf 'upper\n' >upper/etc/sub/upper
: >upper/etc/.wh.gone
: >upper/etc/sub/.wh..wh..opq
for l in base upper; do tar -C "$l" -c --sort=name --owner=0 --group=0 . >"$l.tar"; done
mkimage base.oci 1700000000 base.tar >mkimage.log
mkimage app.oci 1700000001 base.tar upper.tar >>mkimage.log

copy () { skopeo --policy policy.json copy -q "oci:$1.oci" "containers-storage:[overlay@$PWD/store+$PWD/run]localhost/$1:1" 3>&-; }
mkdir ro
ok "skopeo makes a store" copy base
diag "$err"
ok "and adds to it" copy app
# Whatever it has mounted there.
umount -R store 2>/dev/null || true
umount -R store/overlay 2>/dev/null || true
base=$(sha256sum <base.tar | cut -d' ' -f1)
upper=$(printf '%s+%s' "$base" "$(sha256sum <upper.tar | cut -d' ' -f1)" | sha256sum | cut -d' ' -f1)
ok "the layers have the ids they should" test -d "store/overlay/$base/diff" -a -d "store/overlay/$upper/diff"
ok "nothing is an error in it" "$UNDERLAY" image store verify --store=store --full
diag "$out"

ok "prepare" "$UNDERLAY" image store prepare --shared store
diag "$out"
run "$UNDERLAY" image store verify --store=store --full
is "there is no fault left" "$status $out" "0 2 images, 2 layers: 0 errors and 0 warnings"
is "both opaque xattrs" "$(getfattr -dm overlay.opaque --absolute-names "store/overlay/$upper/diff/etc/sub" | grep -c '="y"')" 2

# use STORE: from a read-only mount, with a primary store of its own, as podman keeps that busy.
count=0
enter () { count=$((count + 1)); primary=primary-$count; mount --bind "$1" ro; mount -o remount,bind,ro ro; }
leave () { umount -R "$PWD/$primary" 2>/dev/null || true; umount -R "$PWD/$primary/overlay" 2>/dev/null || true; umount ro; }
images () { pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' | sort | tr '\n' ' '; }
both="localhost/app:1 true localhost/base:1 true "
run_app () { pod run --rm "${limits[@]}" localhost/app:1 /bin/sh -c 'ls /etc/sub; cat /etc/base /etc/added; test ! -e /etc/gone && echo deleted'; }
right=$'upper\nbase\nadded\ndeleted'
save ()
{
  rm -rf saved
  pod save --quiet --format oci-dir -o saved localhost/app:1 >save.log 2>&1 \
    && for b in saved/blobs/sha256/*; do gzip -dc "$b" 2>/dev/null | sha256sum; sha256sum <"$b"; done | grep -c >/dev/null "^$(sha256sum <upper.tar | cut -d' ' -f1)"
}
enter store
is "podman lists them" "$(images)" "$both"
is "and runs one, with what it deletes" "$(run_app)" "$right"
ok "and saves it, as it was" save
ctr=$(pod create "${limits[@]}" localhost/app:1 /bin/sh)
mnt=$(pod mount "$ctr")
echo more >"$mnt/etc/more"
pod umount "$ctr" >/dev/null
is "diff" "$(pod diff "$ctr" | grep -v -e hosts -e resolv -e hostname)" $'C /etc\nA /etc/more'
ok "commit" pod commit --quiet "$ctr" localhost/more:1
pod rm "$ctr" >/dev/null
leave

# broken NAME HOW FINDINGS FAILS: HOW is run in a copy. Then podman FAILS at images, run or save, or
# shows a wrong tree (tree), or nothing (""); repair brings back what works.
fails ()
{
  case $1 in
    images) ! images >/dev/null 2>&1 || [ "$(images 2>/dev/null)" != "$both" ] ;;
    run) ! run_app >/dev/null 2>&1 ;;
    tree) [ "$(run_app 2>/dev/null)" != "$right" ] ;;
  esac
}
broken ()
{
  local name=$1 finding=$3 fails=$4
  rm -rf broken
  cp -a store broken
  (cd broken && eval "$2")
  run "$UNDERLAY" image store verify --store=broken --full
  is "$name: found, and nothing else" "$(awk '/^(error|warning) / { print $2 }' <<<"$out" | sort -u | tr '\n' ' ')" "$finding "
  enter broken
  [ -z "$fails" ] || ok "$name: podman $fails fails" fails "$fails"
  leave
  ok "$name: repaired" "$UNDERLAY" image store repair --full --store=broken
  is "$name: nothing is left" "$(tail -n 1 <<<"$out" | sed 's/^[0-9]* repairs*, //')" "0 errors and 0 warnings left"
  enter broken
  is "$name: podman lists images" "$(images 2>&1)" "${5-$both}"
  is "$name: podman runs one" "$(run_app 2>&1)" "$right"
  ok "$name: podman saves it" save
  diag "$(cat save.log)"
  leave
}
edit='python3 -c "import json,sys; p=sys.argv[1]; d=json.load(open(p)); exec(sys.argv[2]); json.dump(d,open(p,\"w\"))"'
broken lock-missing 'rm overlay-layers/layers.lock overlay-images/images.lock' lock-missing images
broken lock-empty ': >overlay-images/images.lock' lock-empty ""
broken link "rm overlay/$upper/link" link run
broken link-below "rm overlay/$base/link" link ""
broken link-target "rm overlay/l/\$(cat overlay/$base/link)" link-target run
broken links "rm overlay/l/* overlay/*/link" link run
broken lower "rm overlay/$upper/lower" lower tree
broken lower-wrong "printf l/NOWHERE >overlay/$upper/lower" lower run
broken directories "rmdir overlay/*/merged overlay/*/work overlay/$base/empty" empty-directories ""
broken no-digest "$edit overlay-images/images.json 'for i in d: del i[\"digest\"]; i[\"big-data-digests\"] = {}; i[\"big-data-sizes\"] = {}'" no-digest ""
broken duplicate-name "$edit overlay-images/images.json 'n = \"localhost/app:1\"; [i[\"names\"].append(n) for i in d if n not in i[\"names\"]]'" duplicate-name images
broken forbidden "$edit overlay-layers/layers.json 'd[0][\"uidmap\"] = []; d[0][\"gidmap\"] = []; d[1][\"mountlabel\"] = \"system_u:object_r:container_file_t:s0:c1,c2\"'" forbidden ""
broken whiteout-file "rm overlay/$upper/diff/etc/gone; : >overlay/$upper/diff/etc/.wh.gone" whiteout-file tree
broken whiteout-opaque "setfattr -x trusted.overlay.opaque overlay/$upper/diff/etc/sub; setfattr -x user.overlay.opaque overlay/$upper/diff/etc/sub; : >overlay/$upper/diff/etc/sub/.wh..wh..opq" whiteout-file tree
broken opaque "setfattr -x trusted.overlay.opaque overlay/$upper/diff/etc/sub" opaque tree
broken mode "chmod 700 overlay/$base overlay-images/*/; chmod 600 overlay-layers/*" mode ""

# A container in podman's own store that stands on this one has recorded links: they stay.
rm -rf broken
cp -a store broken
enter broken
ctr=$(pod create "${limits[@]}" localhost/app:1 /bin/cat /etc/added /etc/base)
umount ro
(cd broken && rm "overlay/$base/link" overlay/l/*)
ok "repair below a container" "$UNDERLAY" image store repair --store=broken
mount --bind broken ro
mount -o remount,bind,ro ro
is "the container starts" "$(pod start -a "$ctr" 2>&1)" $'added\nbase'
pod rm -f "$ctr" >/dev/null
leave

# podman's own store with a container in it.
primary=store
ctr=$(podman --root "$PWD/store" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs create "${limits[@]}" localhost/app:1 /bin/cat /etc/added 3>&-)
fails_with "prepare refuses a store with a container" "1 container in it" "$UNDERLAY" image store prepare store
ok "unless it's forced" "$UNDERLAY" image store prepare --force store
is "and the container starts" "$(podman --root "$PWD/store" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs start -a "$ctr" 2>&1 3>&-)" added

done_testing
