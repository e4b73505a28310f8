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
# The commits that have an object, sorted.
commits_of ()
{
  for c in "$first" "$second"; do
    "$UNDERLAY" --repo=sound ls -R -C "$c" / >listing
    if grep -q "$(name_of "$1")" listing; then echo "$c"; fi
  done | sort
}
fresh () { rm -rf r && cp -a sound r; }
# unchecked NAME RE CMD...: the status is neither that of a sound nor of a corrupt repository, the last line matches RE
unchecked ()
{
  local name=$1 re=$2
  shift 2
  run "$@"
  if [ "$status" = 2 ] && [[ ${err##*$'\n'} =~ $re ]]; then pass "$name"; else fail "$name" "status $status: $err"; fi
}

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
unchecked "a repository that is not there" "^error: " "$UNDERLAY" --repo=none fsck
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

is "which says whose it is" "$(u fsck --json 2>/dev/null | python3 -c '
import json, sys
print(*json.load(sys.stdin)["findings"][0]["commits"])')" "$(commits_of "$file" | paste -sd ' ')"

printf 'X' | dd of="$(object file 3)" bs=1 conv=notrunc status=none
run u fsck
like "several errors: the first and their number" "$err" "^error: [^"$'\n'"]* \(and 1 more, --all shows them\)$"

run u fsck --delete
is "--delete fails, the repository was not sound" "$status" 1
nok "but the object is gone" test -e "$file"
run u fsck
like "the commits are partial now" "$out" "2 partial commits not verified
$(printf 'Objects are missing in commit %s\n' "$first" "$second" | sort)"
is "which stays a failure" "$status $err" "1 error: 2 partial commits from fsck-detected corruption"
is "--json lists them" "$(u fsck --json 2>out.log | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["sound"], d["partial_commits"] == d["partial_by_fsck"] == sorted(sys.argv[1:]), d["findings"])' "$first" "$second")" "False True []"
fresh
: >"r/state/$first.commitpartial"
ok "what a pull left partial is no fault" u fsck
is "and --json tells it apart" "$(u fsck --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["sound"], *d["partial_commits"], d["partial_by_fsck"])')" "True $first []"
fresh
rm "r/objects/${first:0:2}/${first:2}.commit"
exec 8>r/.lock
python3 -c 'import fcntl, struct; fcntl.fcntl (8, 37, struct.pack ("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))'
u config set core.lock-timeout-secs 1
unchecked "sound, but a change that was asked for could not be made" "^error: Locking repo" u fsck --add-tombstones
exec 8>&-

fresh
file=$(object file 1)
rm "$file"
commits=$(commits_of "$file")
run u fsck -q
is "a missing file fails" "$status" 1
is "and is named with its commits, which become partial" "$err" \
   "Object missing in commits $(paste -sd , <<<"$commits" | sed 's/,/, /g'): $(name_of "$file").file
$(awk '{ print "Marking commit as partial: " $0 }' <<<"$commits")
error: Repository corruption encountered"
is "state/ says so" "$(cd r/state && grep -l '^f$' -- *.commitpartial)" "$(awk '{ print $0 ".commitpartial" }' <<<"$commits")"

fresh
rm "$file"
is "--json lists the marks" "$(u fsck --json 2>/dev/null | python3 -c '
import json, sys
d = json.load(sys.stdin)
f, = d["findings"]
print(f["kind"], f["commits"] == f["marked_partial"] == d["partial_commits"] == sys.argv[1].split())' "$commits")" \
   "missing-object True"

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

# Somebody else's repository. No claim about what can't be read; and who may only read can check.
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
  skip "as another user" "needs root and setpriv"
  done_testing
  exit 0
fi
chmod 755 . # mktemp made it
cp "$UNDERLAY" ./program
as () { setpriv --reuid 64123 --regid 64123 --clear-groups "$@" --repo=r; }
if ! as ./program fsck >/dev/null 2>&1 && ! as ./program --version >/dev/null 2>&1; then
  skip "as another user" "the program cannot be run from here by others"
  done_testing
  exit 0
fi
sound_json () { as ./program fsck --json 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["sound"])'; }

for mode in archive bare-user bare; do
  rm -rf sound && "$UNDERLAY" init --repo=sound --mode=$mode
  "$UNDERLAY" --repo=sound commit -q -b main -s 1 --timestamp=@1 tree
  ext="file"
  [ $mode != archive ] || ext=filez
  fresh
  file=$(object $ext 2)
  ok "$mode, another user: sound" as ./program fsck
  ok "$mode, another user: nothing to delete" as ./program fsck --delete
  chmod 600 "$file"
  unchecked "$mode, another user: unreadable file" "^error: In commits [0-9a-f]{64}: fsck content object $(name_of "$file"): .*Permission denied$" \
    as ./program fsck
  is "$mode, another user: neither sound nor corrupt" "$(sound_json)" None
  run as ./program fsck --all
  like "$mode, another user: with --all" "$err" "^In commits .*Permission denied"$'\n'"error: Objects that could not be verified: 1$"
  run as ./program fsck --delete
  is "$mode, another user: --delete" "$status" 2
  ok "$mode, another user: nothing is gone" test -e "$file"
  fresh
  chmod 600 "$(object dirtree)"
  unchecked "$mode, another user: unreadable dirtree" 'dirtree: .*Permission denied$' as ./program fsck
  fresh
  chmod 600 "$(object commit)"
  unchecked "$mode, another user: unreadable commit" 'commit: .*Permission denied$' as ./program fsck
  fresh
  chmod 700 r/state
  unchecked "$mode, another user: unreadable state" '^error: .*commitpartial: Permission denied$' as ./program fsck
  fresh
  rm "$file"
  run as ./program fsck
  is "$mode, another user: missing file" "$status $(echo "$err" | sed 's/[0-9a-f]\{64\}/X/g')" "1 Object missing in commits X: X.file
Not marking commits as partial: Locking repo: open lock .lock: Permission denied
error: Repository corruption encountered"
  is "$mode, another user: no mark" "$(find r/state -type f)" ""
  fails_with "$mode, another user: --delete needs the lock" '^error: Locking repo' bash -c \
    'setpriv --reuid 64123 --regid 64123 --clear-groups ./program fsck --delete --repo=r 2>&1 >/dev/null | tail -n 1 >&2; exit "${PIPESTATUS[0]}"'
done

# Mode bare keeps trusted.* on the files, where only root sees them.
fresh
file=$(object file 1)
if setfattr -n trusted.note -v x tree/one 2>/dev/null; then
  u commit -q -b trusted -s 1 --timestamp=@1 tree
  ok "trusted.*: sound" u fsck
  unchecked "trusted.*, another user: not called corrupt" 'trusted\.\*' as ./program fsck
  is "trusted.*, another user: neither sound nor corrupt" "$(sound_json)" None
fi
fresh
printf X >"$(object file 1)"
fails_with "trusted.*: root knows what is corrupt" 'Corrupted file object' u fsck
chown -R 64123 r
fails_with "trusted.*: so does the owner" 'Corrupted file object' as ./program fsck

done_testing
