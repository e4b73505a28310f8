#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A podman service that runs while our store, its additional one, changes; containers that were started before; and
# several who write to a store at once, ours and podman.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 jq
. "$SRC/tests/root/podman-common.sh"

export UNDERLAY_REPO=repo
store () { "$UNDERLAY" image store "$1" --store=store "${@:2}"; }

mkdir -p base/bin base/etc base/tmp
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls sleep; do ln -s busybox "base/bin/$a"; done
echo base >base/etc/base
tar -C base -cf base.tar .
"$UNDERLAY" init --mode=bare
# image NAME FILE...: upon the base, a layer for each file.
image ()
{
  local layers=() f
  for f in "${@:2}"; do
    [ -e "$f.tar" ] || mktar "$f.tar" pax 'd|etc|' "f|etc/$f|$f"$'\n' 'f|etc/.wh.base|'
    layers+=("$f.tar:none")
  done
  mkimage layout "$1" base.tar:none "${layers[@]}" >/dev/null
  "$UNDERLAY" image import -q --name="${NAME:-$1}" "oci:layout:$1"
}
image one first
store create -q --shared one
pod_ro store

pod_exec=1 pod system service --time=0 "unix://$PWD/sock" 2>service.log &
service=$!
at_exit 'kill $service 2>/dev/null'
for ((i = 0; i < 100; i++)); do [ ! -S sock ] || break; sleep 0.1; done
asked () { podman --remote --url "unix://$PWD/sock" "$@" 3>&-; }
# What a container prints. Not attached: of one that ends at once the service loses the connection now and then.
output ()
{
  local id
  id=$(asked run -d "${limits[@]}" "$@")
  asked wait "$id" >/dev/null
  asked logs "$id"
  asked rm "$id" >/dev/null
}
names () { asked images --format '{{.Repository}}' | sed 's,localhost/,,' | sort | tr '\n' ' '; }

is "a service sees the images" "$(names)" "one "
old=$(asked run -d "${limits[@]}" one /bin/sh -c 'while [ ! -e /tmp/go ]; do sleep 0.1; done; cat /etc/first; ls /etc/base 2>/dev/null || echo deleted; sleep 100')

# Images come and go.
image two first second
store add -q two
is "one that is added" "$(names)" "one two "
is "and runs it" "$(output two /bin/cat /etc/first /etc/second)" $'first\nsecond'
NAME=one image next third
like "an update keeps what the container stands on" "$(store update --in-use-by=primary one)" "1 image added"
is "the service sees the new one" "$(asked image inspect --format '{{len .RootFS.Layers}} {{.Digest}}' one)" "2 $("$UNDERLAY" cat image/localhost/one_3A_latest /manifest | sha256sum | sed 's/ .*//; s/^/sha256:/')"
is "and runs it" "$(output one /bin/cat /etc/third)" third
store remove -q --in-use-by=primary two
is "one that is removed" "$(names)" "one "
run asked run --rm "${limits[@]}" --pull=never two /bin/ls
like "can't be run" "$status $err" '^[1-9].* two'
store gc --in-use-by=primary >/dev/null

# The container has yet to open these files; nothing of its image is in the list any more.
pod exec "$old" /bin/sh -c ': >/tmp/go'
for ((i = 0; i < 50; i++)); do [ "$(asked logs "$old" | wc -l)" != 2 ] || break; sleep 0.1; done
is "the container of before runs on" "$(asked logs "$old")" $'first\ndeleted'
is "others can be started in it" "$(pod exec "$old" /bin/cat /etc/first)" first
# By podman itself: a service looks for the image first.
ok "it can be restarted" pod restart -t 0 "$old"
is "and is what it was" "$(pod exec "$old" /bin/cat /etc/first)" first
ok "it can be removed" pod rm -f -t 0 "$old"
like "then its layer goes" "$(store gc --in-use-by=primary)" '^removed layer [0-9a-f]{64}$'
ok "the store is sound" store verify -q
is "the service sees what is there" "$(names)" "one "
ok "it's the same service" kill -0 "$service"
is "which has nothing to complain of" "$(grep -iE 'error|panic' service.log)" ""

# Several writers, and the service reads all the while. Each image has a layer that the next has, too.
for ((i = 1; i <= 5; i++)); do image "many$i" "layer$((i / 2))" "own$i"; done
writers=()
for ((i = 1; i <= 5; i++)); do
  store add -q "many$i" >"writer$i.log" 2>&1 3>&- &
  writers+=($!)
done
# Writers that are over before others begin.
for i in 1 2 3; do
  store remove -q --in-use-by=primary one && store add -q one
done >remover.log 2>&1 3>&- &
writers+=($!)
failed=
while kill -0 "${writers[@]}" 2>/dev/null; do
  for name in $(asked images --format '{{.Repository}}'); do
    [ "$name" = localhost/one ] || asked image inspect "$name" >/dev/null || failed+="$name "
  done
done
for w in "${writers[@]}"; do wait "$w" || failed+="writer "; done
is "several writers: all succeed, and who reads meanwhile" "$failed$(cat writer*.log remover.log)" ""
is "all images are there" "$(names)" "many1 many2 many3 many4 many5 one "
ok "and sound" store verify -q
is "each layer once" "$(jq -r '.[].id' store/overlay-layers/layers.json | sort | uniq -d)" ""
is "nothing is left over" "$(find store -name '.underlay-*' ! -name .underlay-store.lock)$(comm -3 <(jq -r '.[].id' store/overlay-layers/layers.json | sort) <(cd store/overlay && printf '%s\n' * | grep -v '^l$'))" ""
for i in 1 5; do
  is "many$i runs" "$(output "many$i" /bin/cat "/etc/own$i" "/etc/layer$((i / 2))")" "own$i"$'\n'"layer$((i / 2))"
done

# podman, which has the store as its own, and we.
kill "$service"
umount -l ro
# podman mounts overlay/ on itself for as long as it runs.
mount --bind store/overlay store/overlay
image late late
like "with podman's mount in the store files are copied" "$(store add late)" '1 image added; 1 layer, 0 files linked, 1 copied'
store remove -q --in-use-by=primary late
umount store/overlay
store remove -q --in-use-by=primary many{1..5}
theirs () { podman --root "$PWD/store" --runroot "$PWD/run2" --storage-driver overlay "$@" 3>&-; }
for i in 1 2 3; do
  tar -cf - "own$i.tar" | theirs import -q - "theirs:$i" && theirs tag one "theirs/one:$i" || exit
done >podman.log 2>&1 &
writer=$!
for ((i = 5; i > 0; i--)); do
  store add -q "many$i"
  # What podman is unpacking is a layer that no image has yet.
  store remove -q --keep-layers "many$i"
  store add -q "many$i"
done
ok "podman writes while we do" wait "$writer"
diag "$(cat podman.log)"
is "all that both wrote is there" "$(theirs images --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ')" \
  "localhost/many1:latest localhost/many2:latest localhost/many3:latest localhost/many4:latest localhost/many5:latest localhost/one:latest localhost/theirs/one:1 localhost/theirs/one:2 localhost/theirs/one:3 localhost/theirs:1 localhost/theirs:2 localhost/theirs:3 "
like "nothing is to be removed then" "$(store gc --in-use-by=primary; echo nothing)" '^nothing$'
is "and sound, but for modes of podman's" "$("$BUILD/tests/image/make-store" store | grep -v '^mode$')" ""

done_testing
