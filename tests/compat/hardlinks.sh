#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Commits that record hardlinks, in ostree's hands.

. "$(dirname "$0")/common.sh"

mkdir -p tree/a tree/b
echo same >tree/a/1 && ln tree/a/1 tree/b/2
echo same >tree/apart
ln -s t tree/l && ln tree/l tree/b/l
: >tree/empty && ln tree/empty tree/b/empty
structure ()
{
  (cd "$1" && find . ! -type d -printf '%i %p\n') | sort -k2 \
    | awk '{ n[$1]++; g[$1] = g[$1] " " $2 } END { for (i in g) if (n[i] > 1) print g[i] }' | sort
}

for mode in $MODES; do
  init_both "$mode"
  options=()
  [ "$mode" != bare-user-only ] || options=(--canonical-permissions)
  peer commit -b main --timestamp="$WHEN" "${options[@]}" tree >/dev/null
  ours commit -b main --timestamp="$WHEN" "${options[@]}" --preserve-hardlinks tree >/dev/null
  same_listing "$mode: the same tree, in objects too" main
  ok "$mode: fsck by the peer" "$OSTREE" fsck --repo="ours.$mode" -q
  like "$mode: the peer shows the record" "$("$OSTREE" show --repo="ours.$mode" --raw main)" "'underlay.hardlinks': <\(\[byte"
  "$OSTREE" checkout --repo="ours.$mode" -U main "peer.out.$mode"
  ours checkout -U main "ours.out.$mode"
  same_tree "$mode: the peer's checkout has the same files" "ours.out.$mode" "peer.out.$mode" --no-links --no-xattrs
  peer pull-local "ours.$mode" main >/dev/null 2>&1
  "$UNDERLAY" checkout --repo="peer.$mode" -U main "back.$mode"
  is "$mode: the record survives the peer's pull" "$(structure "back.$mode")" "$(structure tree)"
  "$OSTREE" commit --repo="peer.$mode" -b main --timestamp="$WHEN" --keep-metadata=underlay.hardlinks "${options[@]}" tree >/dev/null
  "$UNDERLAY" checkout --repo="peer.$mode" -U main "kept.$mode"
  is "$mode: and its commit of the same tree" "$(structure "kept.$mode")" "$(structure tree)"
  echo new >tree/a/0
  "$OSTREE" commit --repo="peer.$mode" -b main --timestamp="$WHEN" --keep-metadata=underlay.hardlinks "${options[@]}" tree >/dev/null
  rm tree/a/0
  "$UNDERLAY" checkout --repo="peer.$mode" -U --ignore-hardlinks main "ignored.$mode"
  "$UNDERLAY" checkout --repo="peer.$mode" -U main "other.$mode"
  is "$mode: but not that of another" "$(structure "other.$mode")" "$(structure "ignored.$mode")"
done

done_testing
