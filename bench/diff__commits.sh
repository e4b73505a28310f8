# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="diff of two commits, 1% changed"
target="at least 3x"

setup ()
{
  local file
  tool "$1" init --repo=repo --mode=bare && tool "$1" commit --repo=repo -b x "$TREE"
  cp -a "$TREE" changed
  find changed -type f | sort | awk 'NR % 100 == 0' | while read -r file; do echo changed >>"$file"; done
  tool "$1" commit --repo=repo -b x changed
  rm -rf changed
}
reset () { :; }
job () { cmd=("$(program "$1")" diff --repo=repo x); }
