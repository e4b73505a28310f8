# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# From one commit to the next: ostree checks out anew, as we do in `fresh`.
title="checkout --update, 1% changed"
target="at least 10x"
others=(fresh)
copies=1

setup ()
{
  local t=$1 file i
  [ "$t" != fresh ] || t=underlay
  mkdir changed
  for ((i = 0; i < copies; i++)); do cp -a "$TREE" "changed/$i"; done
  tool "$t" init --repo=repo --mode=bare && tool "$t" commit --repo=repo -b old changed
  find changed -type f | sort | awk 'NR % 100 == 0' | while read -r file; do echo changed >>"$file"; done
  tool "$t" commit --repo=repo -b new changed
  rm -rf changed
}
reset ()
{
  case $1 in
    underlay) tool underlay checkout --repo=repo -H --update old out ;;
    *) rm -rf out ;;
  esac
}
job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" checkout --repo=repo -H --update new out) ;;
    fresh) cmd=("$UNDERLAY" checkout --repo=repo -H new out) ;;
    ostree) cmd=("$OSTREE" checkout --repo=repo -H new out) ;;
  esac
}
