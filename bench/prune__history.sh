# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="prune half of 200 commits"
target="at least 5x"

# The history is made by one program, once, and copied for the other.
setup ()
{
  local i f
  if [ -d ../history ]; then return; fi
  tool underlay init --repo=../history --mode=bare
  tool underlay commit --repo=../history -b x "$TREE"
  tool underlay checkout --repo=../history -H x work
  find work -type f | sort >files
  for ((i = 1; i < 200; i++)); do
    sed -n "$((i % 100 + 1))~100p" files | while IFS= read -r f; do
      rm "$f" && echo "$i" >"$f"
    done
    tool underlay commit --repo=../history -I -b x work
  done
  rm -rf work files
}
reset () { rm -rf repo && cp -a ../history repo; }
job () { cmd=("$(program "$1")" prune --repo=repo --refs-only --depth=99); }
