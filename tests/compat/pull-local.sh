#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Pulls between all modes by both tools: the same objects, refs and marks, sound for both; and each goes on
# where the other stopped.
. "$(dirname "$0")/common.sh"
make_odd odd
cp -a odd/sizes plain.sizes
mkdir plain && mv plain.sizes plain/sizes && cp -a odd/names odd/hard odd/deep plain/
ln -s target plain/link
chmod -R u=rwX,go=rX plain

ALL="$MODES bare-split-xattrs"
objects () { (cd "$1/objects" && find . ! -type d | sort); }
state () { (cd "$1" && find refs state -type f -printf '%p ' -exec cat {} \; -printf '\n' | sort); }
# Whether content objects share inodes with those of another repository.
linked () { find "$1/objects" -name '*.file*' -type f -links +1 | wc -l; }

# Sources, by the peer where it can.
for m in $ALL; do
  tool=$OSTREE
  [ "$m" != bare-split-xattrs ] || tool=$UNDERLAY
  tree=odd flags=()
  if [ "$m" = bare-user-only ]; then
    tree=plain flags=(--canonical-permissions)
  fi
  "$UNDERLAY" init --repo="src.$m" --mode="$m"
  for n in 1 2; do
    "$tool" --repo="src.$m" commit -b main --timestamp=@$n "${flags[@]}" --add-detached-metadata-string=n=$n $tree >/dev/null
  done
  "$tool" --repo="src.$m" commit -b plain/tree --timestamp=@3 --canonical-permissions plain >/dev/null
done

for from in $ALL; do
  for to in $ALL; do
    label="$from to $to"
    refs=(main plain/tree)
    [ "$to" != bare-user-only ] || [ "$from" = bare-user-only ] || refs=(plain/tree)
    rm -rf ours peer
    "$UNDERLAY" init --repo=ours --mode="$to"
    run "$UNDERLAY" --repo=ours pull-local --depth=1 "src.$from" "${refs[@]}"
    said=$out
    is "$label" "$status $err" "0 "
    ok "$label: our fsck" "$UNDERLAY" --repo=ours fsck -q
    if [ "$to" = bare-split-xattrs ]; then
      ok "$label: the peer's fsck" "$OSTREE" --repo=ours fsck -q
      [ "$from" = bare-user-only ] || is "$label: as if committed here" "$(objects ours | grep -v xattrs)" "$(objects "src.$to" | grep -v xattrs)"
      continue
    fi
    "$OSTREE" init --repo=peer --mode="$to"
    "$OSTREE" --repo=peer pull-local --depth=1 "src.$from" "${refs[@]}" >said
    is "$label: the same objects" "$(objects ours)" "$(objects peer)"
    is "$label: the same refs, no marks" "$(state ours)" "$(state peer)"
    is "$label: the same said" "$said" "$(sed 's/[^;]* transferred in[^;]*; //' said)"
    is "$label: the same links" "$(linked ours)" "$(linked peer)"
    ok "$label: the peer's fsck" "$OSTREE" --repo=ours fsck -q
  done
done

# --- one begins, the other goes on

for first in "$UNDERLAY" "$OSTREE"; do
  second=$OSTREE
  [ "$first" != "$OSTREE" ] || second=$UNDERLAY
  label="${first##*/} then ${second##*/}"
  rm -rf both && "$UNDERLAY" init --repo=both --mode=archive
  "$first" --repo=both pull-local --commit-metadata-only --depth=-1 src.bare main >/dev/null
  is "$label: two partial commits" "$(state both | grep -c commitpartial)" 2
  ok "$label: the rest" "$second" --repo=both pull-local --depth=-1 src.bare main
  is "$label: whole" "$(state both | grep -c commitpartial)" 0
  ok "$label: for one" "$first" --repo=both fsck -q
  ok "$label: for the other" "$second" --repo=both fsck -q

  # It fails half way, and is done again from a sound source.
  rm -rf bad both && cp -a src.archive bad && "$UNDERLAY" init --repo=both --mode=bare
  lost=$("$UNDERLAY" --repo=bad ls -C main /sizes/noise | awk '{ print $5 }')
  rm "bad/objects/${lost:0:2}/${lost:2}.filez"
  nok "$label: an object is missing" "$first" --repo=both pull-local bad main
  is "$label: the commit didn't come" "$(objects both | grep -c '\.commit$')$("$UNDERLAY" --repo=both refs)" 0
  ok "$label: done again" "$second" --repo=both pull-local src.archive main
  is "$label: no mark" "$(state both | grep -c commitpartial)" 0
  ok "$label: sound" "$OSTREE" --repo=both fsck -q

  # Between the repositories of both.
  rm -rf both next && "$UNDERLAY" init --repo=both --mode=bare-user && "$UNDERLAY" init --repo=next --mode=bare-user
  "$first" --repo=both pull-local src.archive >/dev/null
  "$second" --repo=next pull-local both >/dev/null
  is "$label: passed on" "$(objects next)" "$(objects both)"
done

# --- the same answers

answers ()
{
  local name=$1 theirs ours
  shift
  rm -rf ours peer
  "$UNDERLAY" init --repo=ours --mode=archive && "$UNDERLAY" init --repo=peer --mode=archive
  run "$OSTREE" --repo=peer pull-local "$@"
  theirs="$status $(state peer | sed /partial/d)"
  run "$UNDERLAY" --repo=ours pull-local "$@"
  ours="$status $(state ours | sed /partial/d)"
  is "$name" "$ours" "$theirs"
}
cp -a src.bare source
"$OSTREE" --repo=source refs --create=alias main
one=$("$OSTREE" --repo=source rev-parse main^)
# Not with aliases: which ref of a commit the peer checks against its binding is left to a hash table.
answers "all refs" src.bare
answers "as a remote's" --remote=usb source main
answers "a remote with a slash" --remote=a/b source main
answers "a checksum" source "$one"
answers "an alias" source alias
answers "an alias, bindings not verified" --disable-verify-bindings source alias
answers "no such ref" source nope
answers "no such commit" source "$(printf '%064d' 0)"
answers "a bad name" source ../main
answers "mode bits" --bareuseronly-files source main
answers "no mode bits" --bareuseronly-files source plain/tree
answers "untrusted" --untrusted source main
answers "--depth=1" --depth=1 source main
answers "no number" --depth=x source main
answers "nothing" --commit-metadata-only source main
rm "source/objects/${one:0:2}/${one:2}.commit"
answers "a parent that is gone" --depth=-1 source main

done_testing
