#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# prune: which commits stay, what it prints, what it refuses

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

# x and y of five commits each, one a day; o without a ref.
u init --mode=bare-user
u config set core.min-free-space-percent 0
mkdir tree
for b in x y; do
  for n in 1 2 3 4 5; do
    echo $b$n >tree/file
    eval "$b$n=$(u commit -b $b -s $b$n --timestamp=2020-01-0${n}T00:00:00Z tree)"
  done
done
echo o >tree/file
o=$(u commit --orphan -s o --timestamp=2020-01-03T00:00:00Z tree)
cp -a r base

fresh () { rm -rf r && cp -a base r; }
# The subjects of the commits that are there.
left ()
{
  local n
  for n in x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 o; do
    ! test -e "r/objects/${!n:0:2}/${!n:2}.commit" || printf '%s ' "$n"
  done
}
# keeps WANT OPTION...
keeps ()
{
  fresh
  run u prune "${@:2}"
  is "prune ${*:2}" "$status $(left)" "0 $1 "
  [ -z "$err" ] || diag "$err"
  ok "  and it is sound" u fsck
}

keeps "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 o"
keeps "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5" --refs-only
keeps "x5 y5" --refs-only --depth=0
keeps "x3 x4 x5 y3 y4 y5" --refs-only --depth=2
keeps "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5" --refs-only --depth=-1
keeps "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 o" --depth=0
keeps "x4 x5 y4 y5" --keep-younger-than=2020-01-04T00:00:00Z
keeps "x4 x5 y4 y5" --keep-younger-than="Sat, 04 Jan 2020 00:00:00 +0000" --depth=3
keeps "x5 y5" --keep-younger-than=2021-01-01T00:00:00Z
keeps "x3 x4 x5 y5" --keep-younger-than=2021-01-01T00:00:00Z --retain-branch-depth=x=2
keeps "x4 x5 y1 y2 y3 y4 y5" --retain-branch-depth=x=1
keeps "x5 y1 y2 y3 y4 y5" --retain-branch-depth=x=0
keeps "x4 x5 y3 y4 y5" --retain-branch-depth=x=1 --depth=2
keeps "x5 y1 y2 y3 y4 y5" --only-branch=x --depth=0
keeps "x5 y3 y4 y5" --only-branch=x --depth=0 --retain-branch-depth=y=2
keeps "x4 x5 y1 y2 y3 y4 y5" --only-branch=x --keep-younger-than=2020-01-04T00:00:00Z
keeps "x1 x2 x4 x5 y1 y2 y3 y4 y5 o" --delete-commit="$x3"
keeps "x1 x2 x4 x5 y1 y2 y3 y4 y5 o" --delete-commit=x^^

# --- output

fresh
run u prune --refs-only --depth=0 --no-prune
is "--no-prune" "$out" "Total objects: 34
Would delete: 27 objects, freeing $(printf '1.6\302\240kB')"
is "keeps all" "$(left)" "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 o "
is "--dry-run is the same" "$(u prune --refs-only --depth=0 -n)" "$out"
is "the number of workers doesn't matter" "$(u prune --refs-only --depth=0 -n --jobs=1)" "$out"
run u prune --refs-only --depth=0
is "deleting" "$out" "Total objects: 34
Deleted 27 objects, $(printf '1.6\302\240kB') freed"
is "again" "$(u prune --refs-only --depth=0)" "Total objects: 7
No unreachable objects"
is "nothing else is left" "$(find r/objects -type f | wc -l)" 7

fresh
is "--commit-only" "$(u prune --refs-only --depth=0 --commit-only)" "Total (commit only) objects: 11
Deleted 9 objects, $(printf '1.2\302\240kB') freed"
is "leaves the rest" "$(find r/objects -type f | wc -l)" 25
is "to the next" "$(u prune | head -1)" "Total objects: 25"

fresh
run u prune --refs-only --json
is "--json" "$(python3 -c '
import json, sys
d = json.load(sys.stdin)
print(*d)
print(d["dry_run"], d["objects"], d["unreachable"], d["recent"], d["static_deltas"], d["commits"] == [sys.argv[1]])' "$o" <<<"$out")" \
   "dry_run objects unreachable bytes recent static_deltas commits
False 34 3 0 0 True"

# --- what it refuses

fresh
before=$(find r | sort)
fails_with "a commit that a ref names" "^error: Commit '$x5' is referenced by 'x'$" u prune --delete-commit="$x5"
u refs --create=origin:x x
u refs --delete x
fails_with "also that of a remote" "is referenced by 'origin:x'$" u prune --delete-commit="$x5"
u refs --create=x "$x5"
u refs --delete origin:x
fails_with "a commit that isn't there" "^error: No such metadata object 0{64}.commit$" u prune --delete-commit="$(printf %064d 0)"
fails_with "no ref" "^error: Refspec 'nosuch' not found$" u prune --only-branch=nosuch
fails_with "no commit" "^error: Refspec 'nosuch' not found$" u prune --delete-commit=nosuch
fails_with "--no-prune and --delete-commit" "^error: Cannot specify both --delete-commit and --no-prune$" u prune --no-prune --delete-commit="$x3"
fails_with "--static-deltas-only alone" "^error: --static-deltas-only requires --delete-commit$" u prune --static-deltas-only
fails_with "a date" "^error: Could not parse 'yesteryear'$" u prune --keep-younger-than=yesteryear
fails_with "a depth" "^error: --depth must be" u prune --depth=many
fails_with "a depth below -1" "^error: --depth must be" u prune --depth=-2
fails_with "a branch without a depth" "^error: Invalid value x, must specify BRANCH=DEPTH$" u prune --retain-branch-depth=x
fails_with "a branch's depth" "^error: Invalid depth q$" u prune --retain-branch-depth=x=q
fails_with "an argument" "^error: Unexpected argument 'x'$" u prune x
find r -type d -name origin -empty -delete
is "nothing has changed" "$(find r | sort)" "$before"

# --- what must not be believed

fresh
tree=$(u ls -dC x / | awk '{ print $5 }')
printf X | dd of="r/objects/${tree:0:2}/${tree:2}.dirtree" bs=1 seek=50 conv=notrunc status=none
before=$(find r/objects | sort)
fails_with "a corrupt directory" "^error: corrupt object $tree.dirtree" u prune --refs-only --depth=0
rm "r/objects/${tree:0:2}/${tree:2}.dirtree"
fails_with "a missing one" "^error: No such metadata object $tree.dirtree$" u prune --refs-only --depth=0
is "nothing else is gone" "$(find r/objects | sort)" "$(grep -v "${tree:2}" <<<"$before")"
touch "r/state/$x5.commitpartial"
ok "unless its commit is known to be incomplete" u prune --refs-only
is "which keeps what it has" "$(left)" "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 "

# --- what has no ref yet

fresh
is "recent commits stay" "$(u prune --refs-only --keep-unreferenced-younger-than=1h)" "Total objects: 34
No unreachable objects"
is "as if a ref named them" "$(u prune --refs-only --depth=0 --keep-unreferenced-younger-than="1 hour ago" | tail -1)" \
   "No unreachable objects"
u config set core.keep-unreferenced-secs 3600
is "by a setting" "$(u prune --refs-only | tail -1)" "No unreachable objects"
sleep 1.1
u prune --refs-only --keep-unreferenced-younger-than=0s >/dev/null
is "and not for ever" "$(left)" "x1 x2 x3 x4 x5 y1 y2 y3 y4 y5 "
for text in 1y 7 1M 2mo ''; do
  fails_with "'$text' is none" "^error: '$text' is no time ago: a number with s, m, h, d or w, or a date$" \
    u prune --keep-unreferenced-younger-than="$text"
done
fails_with "nor is what is still to come" "^error: 'tomorrow' is still to come$" u prune --keep-unreferenced-younger-than=tomorrow
fails_with "no duration" "^error: Could not parse '5 parsecs'$" u prune --keep-unreferenced-younger-than="5 parsecs"

# --- tombstones

fresh
u prune --delete-commit="$x3" >/dev/null
is "a tombstone" "$(u show --print-variant-type='a{sv}' "r/objects/${x3:0:2}/${x3:2}.tombstone-commit")" "{'commit': <b'$x3'>}"
is "is a setting from now on" "$(u config get core.tombstone-commits)" true
u prune --refs-only --depth=0 >/dev/null
is "for each commit" "$(find r/objects -name '*.tombstone-commit' | wc -l)" 9
ok "and it is sound" u fsck
ok "the child of a deleted commit" u log x

done_testing
