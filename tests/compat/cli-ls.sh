#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

R=--repo=r
for mode in bare archive bare-user bare-user-only; do
  [ "$mode" != bare ] || [ "$(id -u)" = 0 ] || continue
  rm -rf r tree
  if [ "$mode" = bare-user-only ]; then
    # It refuses set-id bits and world-writable files.
    make_tree && chmod 755 tree/usr/bin/prog tree/opaque
    "$OSTREE" init --repo=r --mode="$mode"
    "$OSTREE" commit --repo=r -b main tree >out.log
  else
    make_repo --mode="$mode"
  fi
  for o in "" -d -R -C -X -RC -RX -RCX -dCX -dR --nul-filenames-only "-R --nul-filenames-only" "-C --nul-filenames-only"; do
    for p in "" / /etc etc etc/conf /etc/link /usr/bin "/etc /usr" "/etc /nope"; do
      # shellcheck disable=SC2086
      same ls $R $o main $p
    done
  done
done
same ls $R main "/etc/sp ace"
same ls $R main $'/etc/nl\nx'
same_error ls $R main /nope
same_error ls $R main /nope/x
same_error ls $R main /etc/nope/x
same_error ls $R main etc/../usr
same_error ls $R nope
same_error ls $R
tree=$(find r/objects -name '*.dirtree' | head -n 1 | sed 's,.*objects/\(..\)/\([0-9a-f]*\).*,\1\2,')
same_error ls $R "$tree"

done_testing
