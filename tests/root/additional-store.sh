# SPDX-License-Identifier: LGPL-2.1-or-later
# A store written by the library, read by podman as a read-only additional image store: listed,
# inspected, run, committed upon, saved.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/podman-common.sh"

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
setfattr -n user.overlay.opaque -v y upper.tree/etc/sub
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

is "nothing is wrong with it" "$("$BUILD/tests/image/make-store" store)" ""

pod_ro store
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

# Others read while images come: each time podman sees all that were there, and can inspect them.
before=$(names)
mkdir more
for ((i = 0; ; i++)); do
  mkdir "more/$i"
  echo "$i" >"more/$i/file"
  split "more/$i"
  [ ! -e stop ] || exit 0
  "$BUILD/tests/image/make-store" store "localhost/more:$i" base base.tar base.split.gz "more/$i" "more/$i.tar" "more/$i.split.gz"
done >writer.log 2>&1 3>&- &
writer=$!
failed=
for ((i = 0; i < 8; i++)); do
  pod inspect --type image localhost/base:1 localhost/changed:1 >/dev/null || failed=inspect
  list=$(pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}') || failed=images
  [ "$(grep -v more: <<<"$list" | sort | tr '\n' ' ')" = "$before" ] || failed="images: $list"
done
: >stop
ok "images come" wait "$writer"
is "while podman reads" "$failed" ""
is "which has them all" "$(names | grep -o more: | wc -l)" "$(($(ls more/*.tar | wc -l) - 1))"
is "nothing is wrong with any" "$("$BUILD/tests/image/make-store" store)" ""

# Into a store of podman's own, which goes on using it as its primary one.
foreign () { podman --root "$PWD/foreign" --runroot "$PWD/run" --storage-driver overlay --runtime crun --cgroup-manager cgroupfs "$@" 3>&-; }
tar -C base -c bin etc/sub | foreign import --quiet - localhost/theirs:1 >/dev/null
theirs=$(cat foreign/overlay-images/images.json)
ok "an image into podman's store" "$BUILD/tests/image/make-store" foreign localhost/changed:1 base base.tar base.split.gz \
  upper.tree upper.tar upper.split.gz
like "podman's own entry is as it was" "$(cat foreign/overlay-images/images.json)" "^$(sed 's/[][\\.*{}]/\\&/g' <<<"${theirs%]}"),"
is "nothing is wrong with it" "$("$BUILD/tests/image/make-store" foreign)" ""
is "podman lists both" "$(foreign images --format '{{.Repository}}' | sort | tr '\n' ' ')" "localhost/changed localhost/theirs "
run foreign run --rm "${limits[@]}" localhost/changed:1 /bin/cat /etc/added
is "and runs ours" "$out" added
run foreign run --rm "${limits[@]}" localhost/theirs:1 /bin/cat /etc/sub/lower
is "and its own" "$out" lower
ok "podman removes ours" foreign rmi localhost/changed:1
is "and nothing of it is left" "$(ls foreign/overlay-images | wc -l) $(find foreign/overlay/l -type l | wc -l)" "3 1"

# What is called a fault makes podman fail, what is called a warning doesn't.
image=$(pod images -q --no-trunc localhost/changed:1 | cut -d: -f2)
umount ro
works ()
{
  case $1 in
    images) pod images ;;
    run) pod run --rm "${limits[@]}" localhost/changed:1 /bin/cat /etc/added ;;
    save) rm -rf saved && pod save --quiet --format oci-dir -o saved localhost/changed:1 ;;
  esac >/dev/null 2>works.log || return 1
}
# fault NAME HOW COMMAND-THAT-FAILS COMMANDS-THAT-WORK...: HOW is run in a copy of the store.
fault ()
{
  local name=$1 fails=$3
  # podman mounts something in its primary store, which stays busy.
  primary=primary-$1
  rm -rf broken
  cp -a store broken
  (cd broken && eval "$2")
  is "$name is found" "$("$BUILD/tests/image/make-store" broken | sort -u)" "$name"
  mount --bind broken ro
  mount -o remount,bind,ro ro
  [ -z "$fails" ] || nok "$name: podman $fails fails" works "$fails"
  for c in "${@:4}"; do ok "$name: podman $c works" works "$c"; done
  umount ro
}
base=$(sha256sum <base.tar | cut -d' ' -f1)
changed=$(printf '%s+%s' "$base" "$(sha256sum <upper.tar | cut -d' ' -f1)" | sha256sum | cut -d' ' -f1)
fault lock-missing 'rm overlay-layers/layers.lock' images
fault diff-unknown "sed -i 's/\"diff-size\":[0-9]*/\"diff-size\":-1/' overlay-layers/layers.json" images
fault duplicate-name "sed -i 's/localhost.other:1/localhost\\/base:1/' overlay-images/images.json" images
fault document "rm overlay-images/$image/manifest" images
fault link "rm overlay/$changed/link" run
fault link-target "rm overlay/l/\$(cat overlay/$base/link)" run
fault diff "rm -r overlay/$changed/diff" run
fault '(tar-split)' "rm overlay-layers/$base.tar-split.gz" save images run
fault '(empty-directories)' "rmdir overlay/$base/work" "" images run
fault '(lock-empty)' ": >overlay-images/images.lock" "" images run

done_testing
