#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store verify: findings, exit statuses, JSON.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3
. "$SRC/tests/cli/store-common.sh"

verify () { store verify "$@"; }
fresh () { rm -rf broken; cp -a store broken; }

ok "a sound store" verify --store=store --full
is "what it says" "$out" "2 images, 2 layers: 0 errors and 0 warnings"
run verify --store=store --full --quiet
is "--quiet" "$status $out$err" "0 "

fresh
: >broken/overlay-images/images.lock
rm "broken/overlay-layers/$base.tar-split.gz"
ok "warnings alone are no failure" verify --store=broken
is "and are said" "$out" "warning lock-empty overlay-images/images.lock: without a token: running services don't see changes (repairable)
warning tar-split layer $base: no tar-split: images with it can't be saved or pushed
2 images, 2 layers: 0 errors and 2 warnings, 1 repairable"

rm "broken/overlay/$upper/link" broken/overlay-layers/layers.lock
fails_with "errors are" "^error: broken: 2 errors in the container store$" verify --store=broken
is "each on a line" "$(grep '^error' <<<"$out")" "error lock-missing overlay-layers/layers.lock: not there: on a read-only file system nothing works (repairable)
error link layer $upper: link: not there (repairable)"
is "the sum" "$(tail -n 1 <<<"$out")" "2 images, 2 layers: 2 errors and 2 warnings, 3 repairable"
fails_with "--quiet says it, too" "2 errors" verify --store=broken --quiet
is "and nothing else" "$out" ""
run verify --store=broken --json
is "--json" "$status $(python3 -c 'import json,sys; d=json.loads(sys.argv[1]); print(*d.keys(), d["sound"], d["errors"], d["warnings"]); print(*d["findings"][0].values(), sep="|"); print(*d["findings"][0].keys())' "$out")" \
"1 sound images layers errors warnings findings False 2 2
error|lock-missing|overlay-layers/layers.lock|not there: on a read-only file system nothing works|True
severity code object message repairable"
run verify --store=store --json
is "--json of a sound one" "$status $(python3 -c 'import json,sys; d=json.loads(sys.argv[1]); print(d["sound"], d["findings"])' "$out")" "0 True []"

fresh
: >"broken/overlay/$upper/diff/.wh.gone"
ok "trees aren't read" verify --store=broken
fails_with "with --full they are" "1 error in" verify --store=broken --full
like "what is found" "$out" "^error whiteout-file layer $upper: diff/.wh.gone: a layer's whiteout as a file"

fresh
: >"broken/overlay/$upper/diff/.ostree-wh.gone"
fails_with "a commit's whiteout in a tree" "1 error in" verify --store=broken --full
like "a commit's whiteout: what is found" "$out" "^error whiteout-file layer $upper: diff/.ostree-wh.gone: a commit's whiteout as a file"

# 1: what is there is wrong. 2: there could be no check.
fresh
echo '[{' >broken/overlay-layers/layers.json
run verify --store=broken
is "a damaged list" "$status" 1
like "is named" "$err" "^error: broken: layers.json: "
run verify --store=nowhere
is "no store" "$status $err" "2 error: nowhere: no such directory"
run verify --store=upper
is "another directory" "$status $err" "2 error: upper: not a container store: it has no overlay-layers"
fresh
rm broken/overlay-images/images.lock
mkfifo broken/overlay-images/images.lock
run verify --store=broken
is "a lock that is none" "$status" 1
like "is named" "$err" "images.lock: not a regular file"
fails_with "without --store" "^error: Which store must be given, with --store=DIR$" verify
fails_with "an argument" "^error: Unexpected argument 'x'$" verify --store=store x

done_testing
