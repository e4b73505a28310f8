#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# fsck as a command: what it says where, and its exit status. What it finds is the library's business
# and tested there.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo=r "$@"; }
object () { find r/objects -name "*.$1" | sort | sed -n "${2:-1}p"; }
name_of () { basename "$(dirname "$1")" | tr -d '\n'; basename "${1%.*}"; }
fresh () { rm -rf r && cp -a sound r; }

"$UNDERLAY" init --repo=sound
mkdir -p tree/dir
echo one >tree/one
echo two >tree/dir/two
first=$("$UNDERLAY" --repo=sound commit -b main -s 1 --timestamp=@1 tree)
echo three >tree/dir/three
second=$("$UNDERLAY" --repo=sound commit -b main -s 2 --timestamp=@2 tree)

fresh
ok "a sound repository" u fsck
is "in the words of ostree" "$out" "Validating refs...
Validating refs in collections...
Enumerating commits...
Verifying content integrity of 2 commit objects...
object fsck of 2 commits completed successfully - no errors found."
is "with nothing on stderr" "$err" ""
ok "--quiet" u fsck -q
is "leaves the result" "$out" "object fsck of 2 commits completed successfully - no errors found."
ok "one job" u fsck -q -j1
ok "more jobs than objects" u fsck -q -j64
fails_with "an argument" "Unexpected argument 'extra'" u fsck extra
ok "--verify-bindings" u fsck -q --verify-bindings
ok "an empty repository" bash -c '"$UNDERLAY" init --repo=e && "$UNDERLAY" fsck --repo=e'

file=$(object file 2)
chattr -i "$file" 2>/dev/null || true
printf 'X' | dd of="$file" bs=1 conv=notrunc status=none
run u fsck
is "a corrupt file fails" "$status" 1
like "and is named" "$err" "^error: .*$(name_of "$file")"
unlike "without a word of success" "$out" "no errors found"
run u fsck --all
is "--all fails too" "$status" 1
like "says each error" "$err" "^[^e].*$(name_of "$file")[^"$'\n'"]*"$'\n'"error: Repository corruption encountered$"
run u fsck --json
is "--json fails too" "$status" 1
is "with one document" "$(echo "$out" | python3 -c '
import json, sys
d = json.load(sys.stdin)
f = d["findings"]
print(d["sound"], len(f), f[0]["kind"], f[0]["type"], f[0]["checksum"], f[0]["deleted"])')" \
   "False 1 corrupt-object file $(name_of "$file") False"

printf 'X' | dd of="$(object file 3)" bs=1 conv=notrunc status=none
run u fsck
like "several errors: the first and their number" "$err" "^error: [^"$'\n'"]* \(and 1 more, --all shows them\)$"

run u fsck --delete
is "--delete fails, the repository was not sound" "$status" 1
nok "but the object is gone" test -e "$file"
run u fsck
like "the commits are partial now" "$out" "2 partial commits not verified"
is "which stays a failure" "$status $err" "1 error: 2 partial commits from fsck-detected corruption"
is "--json lists them" "$(u fsck --json 2>out.log | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["sound"], d["partial_commits"] == sorted(sys.argv[1:]), d["findings"])' "$first" "$second")" "False True []"

fresh
rm "$(object file 1)"
run u fsck
is "a missing file fails" "$status" 1
like "and is named" "$err" "missing"

fresh
rm "r/objects/${second:0:2}/${second:2}.commit"
run u fsck
is "a missing commit fails" "$status" 1
like "and is named" "$err" "$second"

fresh
rm "r/objects/${first:0:2}/${first:2}.commit"
ok "a history that ends is no fault" u fsck
ok "--add-tombstones" u fsck --add-tombstones
like "says so" "$out" "Adding tombstone for commit $first"
is "the tombstone is there" \
   "$(u show --print-variant-type='a{sv}' "r/objects/${first:0:2}/${first:2}.tombstone-commit")" "{'commit': <b'$first'>}"
ok "and the child still is" u show main
is "fsck --json counts" "$(u fsck --json --add-tombstones | python3 -c '
import json, sys
print(json.load(sys.stdin)["tombstones_added"])')" 0

fresh
u refs --create=other main
ok "a ref that is not in the bindings is fine" u fsck
fails_with "unless asked for" "other" u fsck --verify-bindings

done_testing
