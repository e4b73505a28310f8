# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# fsck --repair: what is broken comes back from another repository, the parent or a checkout; what was there goes
# into quarantine; what can't be had is said, and the repository is no worse than before.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo=r "$@"; }
object () { echo "r/objects/${1:0:2}/${1:2}"; }
# file_of PATH: the object of a path in main, without its suffix
file_of () { object "$("$UNDERLAY" --repo=sound ls -C main "$1" | awk '{ print $5 }')"; }
scratch () { printf XY | dd of="$1" bs=1 conv=notrunc status=none; }
fresh () { rm -rf r && cp -a sound r; }
quarantined () { find r/extensions/underlay/quarantine -mindepth 2 -type f ! -name notes -printf '%f\n' 2>/dev/null | sort | paste -sd ' '; }
hex='[0-9a-f]{64}'
query () { python3 -c "import json, sys
d = json.load(open('json'))
f = d['findings']
print($1)"; }

"$UNDERLAY" init --repo=sound --mode=archive
mkdir -p tree/dir/deep tree/other
echo one >tree/one
echo two >tree/dir/two
echo three >tree/dir/deep/three
echo four >tree/other/four
: >tree/other/.ostree-wh.gone
ln -s one tree/link
first=$("$UNDERLAY" --repo=sound commit -b main -s 1 --timestamp=@1 tree)
echo five >tree/other/five
second=$("$UNDERLAY" --repo=sound commit -b main -s 2 --timestamp=@2 tree)
"$UNDERLAY" init --repo=bare --mode=bare
cp -a sound src
"$UNDERLAY" --repo=sound checkout --process-passthrough-whiteouts main co

# --- from a repository

fresh
ok "nothing to repair" u fsck --repair=src
like "is said as always" "$out" "completed successfully - no errors found\.$"
nok "and leaves no quarantine" test -e r/extensions/underlay
nok "or staging" compgen -G 'r/tmp/staging-*'
coproc HOLD { exec "$SRC/tests/lib/hold-lock" r/.lock exclusive 2>/dev/null; }
holder=$HOLD_PID # bash forgets it when the process ends
read -r <&"${HOLD[0]}"
ok "nor does it wait for a lock" u fsck --repair=src --lock-timeout=0
rm "$(file_of /one).filez"
run u fsck --repair=src --lock-timeout=0
like "with something to do it does" "$status $err" "^1 .*error: Locking repo r "
# shellcheck disable=SC1083,SC2093
exec {HOLD[1]}>&-
wait "$holder"
fails_with "--repair alone needs a parent" "^error: --repair needs =REPO or =DIR: there is no parent repository$" u fsck --repair
fails_with "no such source" "^error: --repair=nowhere: no such repository or directory$" u fsck --repair=nowhere
u config set 'remote "origin".url' http://localhost/ 2>/dev/null || printf '\n[remote "origin"]\nurl=http://localhost/\n' >>r/config
fails_with "a remote is refused by name" "^error: --repair=origin: fetching from a remote is not supported" u fsck --repair=origin

fresh
scratch "$(file_of /dir/two).filez"
rm "$(file_of /one).filez"
name=$(basename "$(dirname "$(file_of /dir/two)")")$(basename "$(file_of /dir/two)")
ok "a corrupt and a missing file" u fsck --repair=src
like "where they come from" "$out" "Repaired $hex\.file from src
Repaired $hex\.file from src
What was taken out is in extensions/underlay/quarantine/[0-9TZ]+
object fsck of 2 commits completed successfully - 2 errors found, all repaired\.$"
like "what was wrong" "$err" "^In commits .*: fsck content object $hex: .*
Object missing in commits "
is "quarantine has the corrupt one" "$(quarantined)" "$name.file"
like "with a note" "$(cat r/extensions/underlay/quarantine/*/notes)" "^$name\.file: fsck content object $name: .*; fetched again from src$"
is "as it was" "$(head -c 2 r/extensions/underlay/quarantine/*/"$name.file")" XY
is "nobody else may read it" "$(stat -c %a r/extensions/underlay/quarantine/*)" 700
ok "the repository is sound" u fsck
is "no mark is left" "$(ls r/state)" ""
ok "--clear-quarantine" u fsck --clear-quarantine
like "says how much it was" "$out" "^Removed 1 objects from quarantine"
is "it's gone" "$(quarantined)" ""
ok "once more" u fsck --clear-quarantine
like "there is nothing" "$out" "^Removed 0 objects from quarantine"

fresh
rm -r r/objects/*
ok "everything is missing" u fsck --repair=src
ok "and sound" u fsck
u checkout main again
"$UNDERLAY" --repo=sound checkout main wanted
same_tree "and the tree is what it was" again wanted

# --- marks of an earlier fsck

fresh
rm "$(file_of /one).filez"
run u fsck
is "a fsck marks" "$status $(ls r/state | wc -l)" "1 2"
run u fsck
like "and names" "$out" "Objects are missing in commit "
ok "a repair looks into what is marked" u fsck --repair=src --json
echo "$out" >json
is "JSON says what came" "$(query '[(x["kind"], x["repaired"], x["source"], x["repair_error"]) for x in f]')" "[('missing-object', True, 'src', None)]"
is "what is partial still" "$(query 'd["partial_commits"], d["partial_by_fsck"], d["sound"]')" "[] [] True"
is "and what is complete" "$(query '" ".join (d["completed_commits"])')" "$(printf '%s\n' "$first" "$second" | sort | paste -sd ' ')"
is "no mark is left" "$(ls r/state)" ""
fresh
: >"r/state/$first.commitpartial"
ok "what a pull has left partial" u fsck --repair=src
is "stays so" "$(ls r/state)" "$first.commitpartial"

# --- what can't be had

fresh
scratch "$(file_of /dir/two).filez"
rm "$(file_of /one).filez" "$(file_of /other/four).filez"
cp -a src bad
scratch "bad/objects/${name:0:2}/${name:2}.filez"
missing=$(file_of /one).filez
rm "bad/${missing#r/}"
run u fsck --repair=bad --json
is "a source that is broken, too" "$status" 1
echo "$out" >json
is "gives what it has" "$(query '[(x["kind"], x["repaired"], x["deleted"]) for x in f if x["repaired"]]')" "[('missing-object', True, False)]"
is "says why not the rest" "$(query '" ".join (sorted (x["repair_error"].split("object")[0].split(": ")[-1] for x in f if not x["repaired"]))')" "No such  loading "
is "what is corrupt is set aside" "$(quarantined)" "$name.file"
is "the commits are partial" "$(ls r/state | wc -l)" 2
is "JSON has the place" "$(query 'd["quarantine"].startswith("extensions/underlay/quarantine/")')" True
run u fsck --repair=bad
like "text says why, too" "$err" "Not repaired: $hex\.file: .*"
ok "another source repairs the rest" u fsck --repair=src
like "and the commits are complete" "$out" "Commit is complete again: $hex"
ok "for good" u fsck
rm -rf bad

# --- what nothing reaches

fresh
mkdir -p r/objects/00
echo junk >"r/objects/00/$(printf '0%.0s' {1..62}).filez"
ok "a corrupt object that nothing reaches" u fsck
ok "is set aside" u fsck --repair=src
like "and said" "$out" "Set aside 0{64}\.file: no commit that was checked needs it"
is "in quarantine" "$(quarantined)" "$(printf '0%.0s' {1..64}).file"
ok "gone from objects" bash -c '! test -e r/objects/00/*.filez'

# --- from a checkout

fresh
scratch "$(file_of /dir/two).filez"
rm "$(file_of /one).filez" "$(file_of /other/four).filez" "$(file_of /link).filez" "$(file_of /other/.ostree-wh.gone).filez"
ok "from a checkout" u fsck --repair=co
like "the paths are said" "$out" "Repaired $hex\.file from co/one"
like "a whiteout is its marker" "$out" "Repaired $hex\.file from co/other/\.ostree-wh\.gone"
ok "all is there" u fsck
fresh
dirtree=$(find r/objects -name '*.dirtree' | sed -n 1p)
rm "$dirtree" "$(file_of /one).filez"
run u fsck --repair=co
is "dirtrees don't come from a checkout" "$status" 1
like "which is said" "$err" "Not repaired: $hex\.dirtree: no other repository to fetch it from"

fresh
cp -a co changed
one=$(file_of /one).filez two=$(file_of /dir/two).filez three=$(file_of /dir/deep/three).filez four=$(file_of /other/four).filez
rm "$one" "$two" "$three" "$four"
echo ONE >changed/one
rm changed/dir/two && mkfifo changed/dir/two
mv changed/dir/deep changed/elsewhere && ln -s ../elsewhere changed/dir/deep
rm changed/other/four && ln -s ../../co/other/four changed/other/four
before=$(cd r && find objects -type f | sort)
run timeout 20 "$UNDERLAY" --repo=r fsck --repair=changed
is "nothing of a changed checkout is taken" "$status" 1
like "another content" "$err" "changed/one: is something else"
like "a FIFO" "$err" "changed/dir/two: Not a regular file or symlink"
like "a symlinked directory" "$err" "changed: no file of it is known there"
like "a symlink" "$err" "changed/other/four: is something else"
is "the repository has what it had" "$(cd r && find objects -type f | sort)" "$before"

# A user's checkout has lost owner and xattrs; the damaged object may still know.
"$UNDERLAY" init --repo=bu --mode=bare-user
"$UNDERLAY" --repo=bu commit -q -b main --owner-uid=12 --owner-gid=34 --timestamp=@1 tree
"$UNDERLAY" --repo=bu checkout -UC main user
rm -rf r && mv bu r
file=$(object "$(u ls -C main /one | awk '{ print $5 }')").file
chmod u+w "$file" && scratch "$file"
ok "content from a user's checkout, metadata from the object" u fsck --repair=user
ok "are the object" u fsck

run bash -c 'ulimit -n 7; exec "$UNDERLAY" --repo=r fsck --repair=r'
is "no descriptors to open it: nothing is known" "$status" 2

# --- from the parent

"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" --repo=child config set core.parent "$PWD/sound"
"$UNDERLAY" --repo=child commit -q -b own --timestamp=@4 tree
rm -rf r && mv child r
scratch "$(object "$(u ls -C own /one | awk '{ print $5 }')").file"
nok "a child that is broken" u fsck
ok "is repaired from its parent" u fsck --repair
like "that is said" "$out" "Repaired $hex\.file from $PWD/sound"
ok "for good" u fsck

done_testing
