#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# df: what a ref takes is what a repository with it alone takes; what it has alone is what a prune frees without it

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }
# disk REPO: number and blocks of its objects, as du counts
disk () { find "$1/objects" -type f \( -name '*.file' -o -name '*.dir*' -o -name '*.commit' \) -printf '%b\n' | awk '{ n++; s += $1 * 512 } END { print n + 0, s + 0 }'; }
# field PATH...: "objects bytes" of a part of the JSON document on stdin
field () { python3 -c '
import json, sys
d = json.load(sys.stdin)
for key in sys.argv[1:]:
    d = next(r for r in d["refs"] if r["ref"] == key[1:]) if key[0] == "@" else d[key]
print(d["objects"], d["bytes"])' "$@"; }

u init --mode=bare-user
mkdir -p tree/common tree/own
for i in 1 2 3 4 5; do head -c $((i * 3000)) /dev/zero | tr '\0' "$i" >tree/common/$i; done
for b in one two three; do
  head -c 20000 /dev/zero | tr '\0' "$b" >tree/own/file
  u commit -b os/$b tree >/dev/null
  echo "$b again" >tree/own/more
  u commit -b os/$b tree >/dev/null
done
u refs --create=origin:one os/one^
u refs --create=alias --alias os/two
u commit --orphan -s orphan tree/own >/dev/null
lost=$(u commit --orphan -s lost tree/common)
rm "r/objects/${lost:0:2}/${lost:2}.commit"
json=$(u df --json)

is "keys" "$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(*d); print(*d["refs"][0]); print(*[r["ref"] for r in d["refs"]])' <<<"$json")" \
   "refs all shared unreferenced unreachable missing
ref commit commits total exclusive shared
origin:one os/one os/three os/two"
is "all there is" "$(field all <<<"$json")" "$(disk r)"
for ref in os/one os/two os/three; do
  rm -rf alone without
  "$UNDERLAY" init --repo=alone --mode=bare-user
  "$UNDERLAY" --repo=alone pull-local --depth=-1 r $ref >/dev/null
  is "$ref: total" "$(field @$ref total <<<"$json")" "$(disk alone)"
  cp -a r without
  "$UNDERLAY" --repo=without prune --refs-only >/dev/null
  before=$(disk without)
  "$UNDERLAY" --repo=without refs --delete alias
  "$UNDERLAY" --repo=without refs --delete $ref
  "$UNDERLAY" --repo=without prune --refs-only >/dev/null
  read -r n1 s1 <<<"$before"
  read -r n2 s2 <<<"$(disk without)"
  is "$ref: exclusive" "$(field @$ref exclusive <<<"$json")" "$((n1 - n2)) $((s1 - s2))"
  read -r n1 s1 <<<"$(field @$ref total <<<"$json")"
  read -r n2 s2 <<<"$(field @$ref exclusive <<<"$json")"
  is "$ref: shared is the rest" "$(field @$ref shared <<<"$json")" "$((n1 - n2)) $((s1 - s2))"
done
is "a ref within another has nothing alone" "$(field @origin:one exclusive <<<"$json")" "0 0"

# freed LABEL OPTION...: what prune deletes of a copy
freed ()
{
  local n1 s1 n2 s2
  rm -rf without && cp -a r without
  read -r n1 s1 <<<"$(disk without)"
  "$UNDERLAY" --repo=without prune "$@" >/dev/null
  read -r n2 s2 <<<"$(disk without)"
  echo "$((n1 - n2)) $((s1 - s2))"
}
is "what prune frees" "$(field unreachable <<<"$json")" "$(freed)"
is "what prune --refs-only frees" "$(field unreferenced <<<"$json")" "$(freed --refs-only)"
isnt "which is more" "$(freed)" "$(freed --refs-only)"
is "--depth" "$(u df --depth=0 --json | field unreferenced)" "$(freed --refs-only --depth=0)"
is "the number of workers doesn't matter" "$(u df --json --jobs=1)" "$json"

# --- text

run u df
is "a row for each ref" "$(awk '{ print $1, $2, $3 }' <<<"$out" | sed -n 2,5p)" \
   "origin:one 1 $(field @origin:one total <<<"$json" | cut -d' ' -f1)
os/one 2 $(field @os/one total <<<"$json" | cut -d' ' -f1)
os/three 2 $(field @os/three total <<<"$json" | cut -d' ' -f1)
os/two 2 $(field @os/two total <<<"$json" | cut -d' ' -f1)"
like "and sums" "$out" $'\nAll objects  .*\nShared by refs  .*\nFreed by prune  .*\nFreed by prune --refs-only  '
unlike "no bars in a file" "$out" '[#]'
if command -v script >/dev/null; then
  like "bars on a terminal" "$(script -qec "'$UNDERLAY' --repo=r df" /dev/null </dev/null)" 'os/two .*#+-+'
else
  skip "bars on a terminal" "no script"
fi
is "only some refs" "$(u df os | awk 'NF == 0 { exit } { print $1 }')" "REF
os/one
os/three
os/two"
is "with the same figures" "$(u df --json os/two | field @os/two exclusive)" "$(field @os/two exclusive <<<"$json")"
fails_with "no such ref" "^error: No ref 'o'$" u df o
fails_with "no depth" "^error: --depth must be" u df --depth=x

tree=$(u ls -dC os/two /own | awk '{ print $5 }')
rm "r/objects/${tree:0:2}/${tree:2}.dirtree"
run u df
is "a missing directory is said" "$status $err" "0 Not counted: what is below 1 missing or broken directories (fsck says which)"

rm -rf r
u init
is "nothing at all" "$(u df --json | field all)" "0 0"

done_testing
