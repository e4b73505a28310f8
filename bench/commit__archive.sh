# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="commit, archive"
target="at least 10x"

setup () { :; }
reset () { rm -rf repo && tool "$1" init --repo=repo --mode=archive; }
job () { cmd=("$(program "$1")" commit --repo=repo -b x "$TREE"); }

# The packed sizes: no more than 1% above the peer's.
extra ()
{
  local theirs ours
  theirs=$(find ostree/repo/objects -name '*.filez' -printf '%s\n' | awk '{ n += $1 } END { print n }')
  ours=$(find underlay/repo/objects -name '*.filez' -printf '%s\n' | awk '{ n += $1 } END { print n }')
  printf '| %-5s | %-38s | %8.2f | %8.2f | %6.3fx | %-16s | %6s | %6s | %5s |\n' "$1" "  size of it, MB" \
    "$(awk "BEGIN { print $theirs / 1e6 }")" "$(awk "BEGIN { print $ours / 1e6 }")" \
    "$(awk "BEGIN { print $ours / $theirs }")" "at most 1.010x" "" "" ""
}
