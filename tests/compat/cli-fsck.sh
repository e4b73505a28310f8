#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# fsck: the verdict is the same for every kind of damage, and for a sound repository the words too, apart
# from ostree's lines of progress. Each line of the table is a damage to a fresh copy.

. "$(dirname "$0")/cli-lib.sh"

make_repo --mode=archive
"$OSTREE" refs --repo=r --delete rem:foo/bar
cp -a r sound
object () { find r/objects -name "*.$1" | sort | sed -n "${2:-1}p"; }
commit_file () { echo "r/objects/${1:0:2}/${1:2}.commit"; }
# Two bytes at $2, else near the end: the peer doesn't notice a wrong size at the beginning of a filez.
scratch ()
{
  printf 'XY' | dd of="$1" bs=1 seek="${2:-$(($(stat -c %s "$1") - 4))}" conv=notrunc status=none
}

# The lines and the commits in each sorted: theirs come as a hash table gives them.
ordered ()
{
  python3 -c '
import re, sys
def order(m): return m[1] + ", ".join(sorted(m[2].split(", "))) + ":"
for line in sorted(sys.stdin.read().splitlines()):
    print(re.sub("([Ii]n commits )([0-9a-f, ]+):", order, line))'
}

# words WHAT DAMAGE [OPTION]...: the same lines on stderr and the same partial commits.
words ()
{
  local what=$1 damage=$2
  shift 2
  rm -rf r && cp -a sound r
  eval "$damage"
  rm -rf copy && cp -a r copy
  "$OSTREE" fsck --repo=copy "$@" >/dev/null 2>theirs.err || true
  (cd copy/state && grep . -- *.commitpartial) >theirs.state 2>/dev/null || true
  rm -rf copy && cp -a r copy
  "$UNDERLAY" fsck --repo=copy "$@" >/dev/null 2>ours.err || true
  (cd copy/state && grep . -- *.commitpartial) >ours.state 2>/dev/null || true
  is "$what, $*: lines" "$(ordered <ours.err)" "$(ordered <theirs.err)"
  is "$what, $*: marks" "$(cat ours.state)" "$(cat theirs.state)"
  rm -rf copy
}

# verdict WHAT [OPTION]...: exit status and what each says on stdout but progress
verdict ()
{
  local what=$1 theirs ours their_status=0 our_status=0
  shift
  cp -a r copy
  theirs=$("$OSTREE" fsck --repo=copy "$@" 2>/dev/null) || their_status=$?
  rm -rf copy
  cp -a r copy
  ours=$("$UNDERLAY" fsck --repo=copy "$@" 2>fsck.err) || our_status=$?
  is "$what, $*: status" "$our_status" "$their_status"
  [ "$our_status" = 0 ] || like "$what, $*: one error at the end" "$(tail -n 1 fsck.err)" "^error: "
  if [ "$their_status" = 0 ]; then
    is "$what, $*: words" "$ours" "$(grep -v '^fsck objects (' <<<"$theirs")"
  fi
  ok "$what, $*: no crash of the peer on what is left" bash -c '"$OSTREE" fsck --repo=copy >/dev/null 2>&1; [ $? -le 1 ]'
  rm -rf copy
}

damage ()
{
  local what=$1
  rm -rf r && cp -a sound r
  eval "$2"
  for options in "" -a --delete "--delete -a" -q; do
    # shellcheck disable=SC2086
    verdict "$what" $options
  done
}

damage "sound" :
verdict "sound" --verify-bindings
verdict "sound" --add-tombstones
# shellcheck disable=SC2016
{
  damage "corrupt content" 'scratch "$(object filez 2)"'
  damage "two corrupt" 'scratch "$(object filez 1)"; scratch "$(object filez 3)"'
  damage "truncated content" 'truncate -s 5 "$(object filez 2)"'
  damage "empty content" ': >"$(object filez 2)"'
  damage "missing content" 'rm "$(object filez 2)"'
  damage "corrupt dirtree" 'scratch "$(object dirtree 2)"'
  damage "truncated dirtree" 'truncate -s 5 "$(object dirtree 2)"'
  damage "missing dirtree" 'rm "$(object dirtree 2)"'
  damage "corrupt dirmeta" 'scratch "$(object dirmeta 1)" 0'
  damage "missing dirmeta" 'rm "$(object dirmeta 1)"'
  damage "corrupt commit" 'scratch "$(commit_file "$three")" 100'
  damage "truncated commit" 'truncate -s 3 "$(commit_file "$three")"'
  damage "missing commit of a ref" 'rm "$(commit_file "$three")"'
  damage "missing parent" 'rm "$(commit_file "$one")"'
  damage "a ref that is no checksum" 'echo zzz >r/refs/heads/dev/x'
  damage "an empty ref" ': >r/refs/heads/dev/x'
  damage "a partial commit" 'mkdir -p r/state; : >"r/state/$three.commitpartial"'
  damage "a partial commit found by fsck" 'mkdir -p r/state; printf f >"r/state/$three.commitpartial"'
  damage "junk in objects" 'echo junk >r/objects/junk; mkdir -p r/objects/00; echo junk >r/objects/00/junk'
  damage "an unreachable object that is corrupt" 'mkdir -p r/objects/00; echo x >"r/objects/00/$(printf "0%.0s" {1..62}).filez"'
}
# Not compared: a dirtree that is missing and a commit that is no variant end ostree's check; content
# that is no file in form has words of each tool; of several corrupt objects we give the number.
# shellcheck disable=SC2016
for options in "" -a -q "-q -a" --delete "--delete -a" "--delete -q"; do
  # shellcheck disable=SC2086
  {
    words "corrupt content" 'scratch "$(object filez 2)" 16' $options
    words "missing content" 'rm "$(object filez 2)"' $options
    words "another missing content" 'rm "$(object filez 1)"' $options
    words "missing content of a partial commit" 'rm "$(object filez 1)"; : >"r/state/$two.commitpartial"' $options
    words "corrupt dirtree" 'scratch "$(object dirtree 2)" 0' $options
    words "truncated dirtree" 'truncate -s 5 "$(object dirtree 2)"' $options
    words "corrupt dirmeta" 'scratch "$(object dirmeta 1)" 0' $options
    words "truncated dirmeta" 'truncate -s 3 "$(object dirmeta 1)"' $options
    words "missing dirmeta" 'rm "$(object dirmeta 1)"' $options
    words "corrupt commit" 'rm -r r/refs/heads/*; scratch "$(commit_file "$one")" 0' $options
    words "a partial commit found by fsck" 'printf f >"r/state/$three.commitpartial"' $options
  }
done
words "missing commit of a ref" 'rm -r r/refs/heads/*; mkdir -p r/refs/heads; echo "$three" >r/refs/heads/x; rm "$(commit_file "$three")"'
# shellcheck disable=SC2016
{
  words "corrupt and missing content" 'scratch "$(object filez 2)" 16; rm "$(object filez 1)"' --delete
  words "corrupt and missing content" 'scratch "$(object filez 2)" 16; rm "$(object filez 1)"' -a
}

# What the mark is for: a pull brings back what a partial commit lacks, and nothing else.
rm -rf r && cp -a sound r
lost=$(object filez 2)
rm "$lost"
"$OSTREE" pull-local --repo=r sound "$one" "$two" "$three"
nok "a pull does not see what is missing" test -e "$lost"
run "$UNDERLAY" fsck --repo=r
ok "pull-local after fsck" "$OSTREE" pull-local --repo=r sound "$one" "$two" "$three"
ok "brings the object back" test -e "$lost"
ok "and the repository is sound again" "$UNDERLAY" fsck --repo=r

rm -rf r && cp -a sound r
echo "$three" >r/refs/heads/unbound
verdict "an unbound ref"
verdict "an unbound ref" --verify-bindings
verdict "an unbound ref" --verify-back-refs
rm r/refs/heads/main r/refs/heads/unbound r/refs/heads/alias
verdict "a binding without its ref" --verify-back-refs
# Not compared: --add-tombstones for a missing parent. ostree 2022.7 takes the child away instead. And content that goes
# on behind its end: ostree does not see it.

done_testing
