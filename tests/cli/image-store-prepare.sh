#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store prepare: a store of its owner's, for all users, with containers in it.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3
. "$SRC/tests/cli/store-common.sh"

prepare () { store prepare "$@"; }
# As podman has it: for its owner, with empty locks.
theirs ()
{
  rm -rf theirs
  cp -a store theirs
  find theirs/overlay-layers theirs/overlay-images -type f -exec chmod 600 {} +
  chmod 700 theirs theirs/overlay* theirs/overlay/l theirs/overlay/*/{merged,work,empty} theirs/overlay-images/* 2>/dev/null || true
  chmod 600 theirs/overlay-images/*.{json,lock} theirs/overlay-images/*/*
  find theirs/overlay -mindepth 1 -maxdepth 1 -type d -exec chmod 700 {} +
  : >theirs/overlay-layers/layers.lock
  rm theirs/overlay-images/images.lock
}
modes () { (cd theirs && stat -c '%a %n' . overlay overlay/l "overlay/$base" "overlay/$base/work" "overlay/$base/link" "overlay/$base/diff/etc/base" \
  overlay-layers overlay-layers/layers.json overlay-layers/layers.lock "overlay-layers/$base.tar-split.gz" overlay-images overlay-images/images.lock | awk '{ print $1 }' | tr '\n' ' '); }

theirs
chmod 600 "theirs/overlay/$base/diff/etc/base"
own="700 700 700 700 700 644 600 700 600 600 600 700 600 "
ok "prepared for its owner" prepare theirs
is "what it says" "$out" "repaired overlay-layers/layers.lock: has a token now
repaired overlay-images/images.lock: made, with a token
2 repairs, 0 errors and 0 warnings left"
is "the modes are its owner's" "$(modes)" "$own"
is "locks have tokens" "$(stat -c %s theirs/*/*.lock | tr '\n' ' ')" "64 64 "
ok "a dry run" prepare --shared --dry-run theirs
is "changes nothing" "$(modes)" "$own"
ok "prepared for all users" prepare --shared theirs
is "the modes are all users', not in trees" "$(modes)" "755 755 755 755 755 644 600 755 644 644 644 755 644 "
is "nothing is closed to others outside of them" "$(find theirs -path '*/diff' -prune -o ! -type l ! -name .underlay-store.lock ! -perm -o=r -print)" ""
run store verify --store=theirs --full
is "a sound store" "$status $out" "0 2 images, 2 layers: 0 errors and 0 warnings"
ok "again, by its option" prepare --shared --store=theirs
is "there is nothing to do" "$out" "0 repairs, 0 errors and 0 warnings left"
ok "and without --shared it stays all users'" prepare theirs
is "with nothing to do" "$out" "0 repairs, 0 errors and 0 warnings left"

if [ "$(id -u)" = 0 ] && setfattr -n trusted.overlay.opaque -v y "theirs/overlay/$upper/diff/etc" 2>/dev/null \
     && chmod 700 theirs/overlay-layers; then
  ok "opaque directories" prepare theirs
  is "get both xattrs, whoever's the store is" "$(getfattr -dm overlay.opaque --absolute-names "theirs/overlay/$upper/diff/etc" | grep -c '="y"')" 2
else
  skip "opaque directories" "no trusted xattrs here"
fi

theirs
mkdir theirs/overlay-containers
echo '[{"id":"x"}]' >theirs/overlay-containers/containers.json
fails_with "with a container" "^error: theirs: 1 container in it: it is in use as a primary store; --force prepares it anyway$" prepare theirs
is "nothing was done" "$(stat -c %s theirs/overlay-layers/layers.lock)" 0
ok "--force" prepare --force theirs
is "does it" "$(stat -c %s theirs/overlay-layers/layers.lock)" 64
echo '[]' >theirs/overlay-containers/containers.json
ok "an empty list is none" prepare theirs
echo '{' >theirs/overlay-containers/containers.json
run prepare theirs
is "a damaged list of containers" "$status" 1

theirs
rm -r "theirs/overlay/$upper/diff"
fails_with "errors are left" "^error: theirs: 1 error left in the container store$" prepare theirs
run prepare --json --shared theirs
is "--json" "$status $(python3 -c 'import json,sys; d=json.loads(sys.argv[1]); print(d["sound"], d["errors"], len(d["repairs"]) > 5)' "$out")" "1 False 1 True"
fails_with "without DIR" "^error: Exactly one DIR must be given$" prepare
fails_with "two of them" "^error: Exactly one DIR must be given$" prepare store theirs
run prepare nowhere
is "no store" "$status $err" "2 error: nowhere: no such directory"

fails_with "one of each" "Exactly one DIR must be given" prepare --store=theirs theirs
done_testing
