#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store repair: what is done, what is left, dry runs, exit statuses. Each fault by itself is
# in tests/image/test-store-repair.c.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3
. "$SRC/tests/cli/store-common.sh"

repair () { store repair "$@"; }
fresh () { rm -rf broken; cp -a store broken; }
# Everything there is, with contents, but for what a repair itself needs.
state () { (cd "$1" && find . ! -name .underlay-store.lock -printf '%p %M %l\n' | sort && find . -type f ! -name .underlay-store.lock -exec sha256sum {} + | sort); }

state store >before
ok "a sound store" repair --store=store --full
is "what it says" "$out" "0 repairs, 0 errors and 0 warnings left"
ok "nothing has changed" cmp before <(state store)

fresh
link=$(cat "broken/overlay/$base/link")
rm "broken/overlay/$base/link" "broken/overlay/l/$link" broken/overlay-layers/layers.lock
rmdir "broken/overlay/$upper/work"
rm "broken/overlay-layers/$upper.tar-split.gz"
chmod 700 "broken/overlay/$base"
state broken >before
ok "a dry run" repair --store=broken --dry-run
planned=$out
is "what it says" "$out" "would repair overlay-layers/layers.lock: made, with a token
would repair layer $base: link: $link
would repair layer $base: overlay/l/$link leads to its diff
would repair layer $base: mode 0755 was 0700
would repair layer $upper: work/: made
warning tar-split layer $upper: no tar-split: images with it can't be saved or pushed
5 repairs to be done, 0 errors and 1 warning left"
ok "nothing has changed" cmp before <(state broken)
ok "a repair" repair --store=broken
is "does what was said" "$out" "$(sed 's/^would repair/repaired/; s/ to be done//' <<<"$planned")"
rm "store/overlay-layers/$upper.tar-split.gz"
ok "the store is what it was" cmp <(state store | grep -v 'layers.lock') <(state broken | grep -v 'layers.lock')
is "with another token" "$(stat -c %s:%a broken/overlay-layers/layers.lock)" 64:644
ok "nothing is left to do" repair --store=broken
is "it says so" "$(tail -n 1 <<<"$out")" "0 repairs, 0 errors and 1 warning left"
make_stores again
ok "a store with all of it" cp "again/overlay-layers/$upper.tar-split.gz" store/overlay-layers/

# What can't be mended.
fresh
rm -r "broken/overlay/$upper/diff" "broken/overlay/$base/empty"
fails_with "errors are left" "^error: broken: 1 error left in the container store$" repair --store=broken
is "what is done and left" "$out" "repaired layer $base: empty/: made
error diff layer $upper: diff: not there
1 repair, 1 error and 0 warnings left"
fails_with "--dry-run says it before" "^error: broken: 1 error would be left in the container store$" repair --store=broken --dry-run
fails_with "--quiet" "1 error left" repair --store=broken --quiet
is "prints nothing else" "$out" ""

fresh
rm broken/overlay-images/images.lock
: >"broken/overlay-layers/layers.lock"
run repair --store=broken --json
is "--json" "$status $(python3 -c 'import json,sys; d=json.loads(sys.argv[1]); print(*d.keys()); print(d["sound"], d["dry_run"], d["errors_before"], d["warnings_before"], d["errors"], d["findings"]); print(d["repairs"][0])' "$out")" \
"0 sound dry_run errors_before warnings_before repairs errors warnings findings
True False 1 1 0 []
{'object': 'overlay-layers/layers.lock', 'message': 'has a token now'}"

# Two images with one name: the newer keeps it, and none is lost.
fresh
edit broken/overlay-images/images.json 'd[0]["names"].append("example.org/app:1"); d[0]["created"] = "2025-01-01T00:00:00Z"; d[0]["future"] = {"kept": 1}'
run store verify --store=broken
like "both have it" "$out" "^error duplicate-name image .*: example.org/app:1 is in the list twice \(repairable\)"
ok "one keeps it" repair --store=broken
is "the newer one" "$(store list --store=broken | awk 'NR > 1 { print $1 }')" $'example.org/base:1\nexample.org/app:1'
like "what we don't know stays" "$(cat broken/overlay-images/images.json)" '"future": ?\{"kept": ?1\}'

# Trees only with --full.
fresh
: >"broken/overlay/$upper/diff/etc/.wh.none"
ok "without --full" repair --store=broken
ok "trees aren't looked at" test -e "broken/overlay/$upper/diff/etc/.wh.none"
ok "with it" repair --store=broken --full
is "it says what was done" "$(head -n 1 <<<"$out")" "repaired layer $upper: diff/etc/.wh.none: removed, it hid nothing"
ok "and it is" cmp <(state store) <(state broken)

# A lock that somebody has.
python3 - <<'P' &
import fcntl, time
f = open("broken/overlay-layers/layers.lock", "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open("locked", "w")
time.sleep(2)
P
until [ -e locked ]; do sleep 0.1; done
chmod 700 "broken/overlay/$base"
SECONDS=0
ok "a lock is waited for" repair --store=broken
isnt "until it's free" "$SECONDS" 0
wait

run repair --store=nowhere
is "no store" "$status $err" "2 error: nowhere: no such directory"
echo '[{' >broken/overlay-layers/layers.json
run repair --store=broken
is "a damaged list" "$status" 1
like "is named" "$err" "^error: broken: layers.json: "
fails_with "without --store" "^error: Which store must be given, with --store=DIR$" repair
fails_with "an argument" "^error: Unexpected argument 'x'$" repair --store=store x

done_testing
