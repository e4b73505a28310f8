#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# refs and rev-parse

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

u init
mkdir tree
echo one >tree/file
one=$(u commit -b main -s one --timestamp=@1 tree)
echo two >tree/file
two=$(u commit -b main -s two --timestamp=@2 tree)

# --- rev-parse

is "a ref" "$(u rev-parse main)" "$two"
is "its parent" "$(u rev-parse main^)" "$one"
is "a checksum is itself" "$(u rev-parse "$one")" "$one"
is "the parent of a checksum" "$(u rev-parse "$two^")" "$one"
is "the beginning of a checksum" "$(u rev-parse "${one:0:10}")" "$one"
is "and its parent" "$(u rev-parse "${two:0:10}^")" "$one"
is "several" "$(u rev-parse main main^ "$one")" "$two"$'\n'"$one"$'\n'"$one"
fails_with "no parent" "Commit $one has no parent" u rev-parse main^^
fails_with "no such ref" "^error: Refspec 'nope' not found$" u rev-parse nope
fails_with "no such ref behind a caret" "Refspec 'nope' not found" u rev-parse nope^
fails_with "an invalid ref" "^error: Invalid refspec a b$" u rev-parse 'a b'
fails_with "an empty rev" "^error: " u rev-parse ''
fails_with "a caret alone" "^error: " u rev-parse ^
fails_with "a remote alone" "Invalid refspec rem:" u rev-parse rem:
fails_with "no rev" "^error: REV must be specified$" u rev-parse
run u rev-parse main nope main
is "the ones before a bad one are printed" "$status $out" "1 $two"
fails_with "--single with several commits" "Multiple commit objects found" u rev-parse -S
fails_with "--single with an argument" "Cannot specify arguments with --single" u rev-parse --single main
"$UNDERLAY" init --repo=single
fails_with "--single without a commit" "No commit objects found" u rev-parse --repo=single -S
s=$("$UNDERLAY" commit --repo=single --orphan tree)
is "--single" "$("$UNDERLAY" rev-parse --repo=single -S)" "$s"
fails_with "the parent of a commit that isn't there" "^error: No such metadata object .*commit$" \
           u rev-parse "${one//[1-9]/0}^"

# --- create

ok "--create" u refs --create=dev/a main
is "points where it should" "$(u rev-parse dev/a)" "$two"
ok "--create from a parent" u refs --create=dev/b main^
is "points there" "$(u rev-parse dev/b)" "$one"
ok "--create from a checksum" u refs --create=by-sum "$one"
ok "--create of a remote ref" u refs --create=rem:x/y main
is "rev-parse of it" "$(u rev-parse rem:x/y)" "$two"
fails_with "an existing one" "^error: --create specified but ref dev/a already exists$" u refs --create=dev/a main^
ok "--force" u refs --create=dev/a main^ --force
is "replaces it" "$(u rev-parse dev/a)" "$one"
fails_with "no revision" "You must specify a revision when creating a new ref" u refs --create=x
fails_with "two" "You must specify only 1 existing ref" u refs --create=x main main
fails_with "from nothing" "Refspec 'nope' not found" u refs --create=x nope
for bad in .. a//b /a a/ .a a/.b -a 'a b' a@b a+b a:b:c ''; do
  fails_with "invalid name '$bad'" "^error: " u refs --create="$bad" main
done
ok "dots and dashes in a name" u refs --create=a-b.c_1/2 main
ok "letters beyond ASCII" u refs --create=bäume main
fails_with "below a ref" "^error: " u refs --create=main/sub main
fails_with "where refs are below" "^error: " u refs --create=dev main
is "nothing came of these" "$(u refs dev main)" $'a\nb\nmain'

# --- list

is "all, sorted" "$(u refs)" $'a-b.c_1/2\nby-sum\nbäume\ndev/a\ndev/b\nmain\nrem:x/y'
is "below a prefix" "$(u refs dev)" $'a\nb'
is "--list" "$(u refs --list dev)" $'dev/a\ndev/b'
is "a ref itself" "$(u refs main)" main
is "the beginning of a name is no prefix" "$(u refs ma)" ""
is "two prefixes" "$(u refs --list main dev)" $'main\ndev/a\ndev/b'
is "a remote" "$(u refs rem:)" rem:x/y
is "a prefix in a remote" "$(u refs rem:x)" rem:y
is "--list of it" "$(u refs --list rem:x)" rem:x/y
is "nothing there" "$(u refs nope)" ""
fails_with "an invalid prefix" "^error: Listing refs: Invalid refspec dev/$" u refs dev/

# --- aliases

ok "--create --alias" u refs --create=stable --alias main
is "is a symlink" "$(readlink r/refs/heads/stable)" main
is "that resolves" "$(u rev-parse stable)" "$two"
is "--alias lists it" "$(u refs -A)" "stable -> main"
ok "the target moves" u refs --create=main --force main^
is "and the alias with it" "$(u rev-parse stable)" "$one"
ok "an alias in a directory" u refs --create=x/y/z -A dev/a
is "resolves" "$(u rev-parse x/y/z)" "$one"
is "its target is a ref" "$(u refs -A x)" "x/y/z -> dev/a"
fails_with "to nothing" "Cannot create alias to non-existent ref: nope" u refs --create=al -A nope
fails_with "to a remote ref" "both must be local refs" u refs --create=al -A rem:x/y
fails_with "as a remote ref" "both must be local refs" u refs --create=rem:al -A main
fails_with "over a ref" "ref dev/b already exists" u refs --create=dev/b -A main
ok "with --force" u refs --create=dev/b -A --force main
is "it is one now" "$(u refs -A dev/b)" "dev/b -> main"
fails_with "the target of an alias stays" "^error: Ref 'dev/a' has an active alias: 'x/y/z'$" u refs --delete dev/a
is "it is there" "$(u refs --list dev/a)" dev/a

# --- delete

fails_with "without a prefix" "At least one PREFIX is required when deleting refs" u refs --delete
ok "of nothing" u refs --delete nope
ok "the beginning of a name" u refs --delete ma
is "is no prefix" "$(u refs main)" main
ok "an alias" u refs --delete x
is "leaves its target" "$(u refs --list dev/a x)" dev/a
ok "a prefix" u refs --delete dev
is "takes all below" "$(u refs dev)" ""
ok "a remote ref" u refs --delete rem:x/y
fails_with "--create and --delete" "exclude each other" u refs --create=x --delete main
ok "several" u refs --delete by-sum bäume
is "the rest" "$(u refs)" $'a-b.c_1/2\nmain\nstable'

# --- collections

"$UNDERLAY" init --repo=c --collection-id=org.example.Os
"$UNDERLAY" commit -q --repo=c -b main --timestamp=@1 tree >out.log
c () { "$UNDERLAY" --repo=c "$@"; }
is "own refs" "$(c refs -c)" "(org.example.Os, main)"
ok "--create" c refs -c --create=org.example.Other:x main
is "of others" "$(c refs -c)" $'(org.example.Os, main)\n(org.example.Other, x)'
is "only one" "$(c refs -c org.example.Other)" "(org.example.Other, x)"
fails_with "an existing one" "already exists" c refs -c --create=org.example.Other:x main
fails_with "not of the form" "" c refs -c --create=org.example.Other main
fails_with "an invalid ID" "Invalid collection ID bad" c refs -c bad
ok "--delete" c refs -c --delete org.example.Other
is "it is gone" "$(c refs -c)" "(org.example.Os, main)"
fails_with "--alias and --collections" "exclude each other" c refs -cA --create=org.example.Os:x main

# --- damage

echo zzz >r/refs/heads/broken
fails_with "a ref that holds no checksum" "^error: .*broken" u rev-parse broken
ln -s nowhere r/refs/heads/dangling
fails_with "a dangling alias" "Refspec 'dangling' not found" u rev-parse dangling
ok "refs can still be listed" u refs --alias
is "the dangling alias is seen" "$(u refs -A dangling)" "dangling -> nowhere"

# --- what is damaged can be removed

garbage () { printf '%s' "$1" >r/refs/heads/bad; }
for content in '' garbage "$(tr a-f A-F <<<"$two")" "$two"$'\n'"$one"; do
  garbage "$content"
  fails_with "'${content:0:10}' is there" "ref bad already exists" u refs --create=bad main
  ok "and can be deleted" u refs --delete bad
  nok "is gone" test -e r/refs/heads/bad
done
for target in nope bad ../../../../etc/passwd; do
  ln -s "$target" r/refs/heads/bad
  fails_with "an alias of $target is there" "ref bad already exists" u refs --create=bad main
  ok "and can be deleted" u refs --delete bad
  nok "is gone" test -L r/refs/heads/bad
done
mv r/refs/heads kept
fails_with "no refs/heads isn't no refs" "^error: Listing refs: listing refs/heads: No such file or directory$" u refs
nok "nor to prune" u prune --refs-only
mv kept r/refs/heads
ok "nothing was lost" u ls main

done_testing
