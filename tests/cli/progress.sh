#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The progress bar: only where somebody looks

. "$(dirname "$0")/../lib/tap.sh"
need_cmd script

"$UNDERLAY" init --repo=r
mkdir tree
head -c 3000000 /dev/zero >tree/zero
for i in {1..40}; do echo "$i" >"tree/$i"; done

# stdout to a file, stderr is the terminal that script records
on_terminal ()
{
  TERM=xterm script -qec "stty cols ${COLS:-80}; $UNDERLAY --repo=r $* >$T/stdout" /dev/null | tr '\r' '\n'
}

ok "commit" "$UNDERLAY" --repo=r commit -b quiet tree
is "says nothing where there is no terminal" "$err" ""
shown=$(on_terminal commit -b main tree)
like "draws on a terminal" "$shown" "Committing"
like "with count, bytes and rate" "$shown" "4[12](/4[12])?  3\.0.MB  [0-9.]+.[kMG]?B/s"
like "stdout holds the result alone" "$(cat stdout)" "^[0-9a-f]{64}$"
is "--quiet draws nothing" "$(on_terminal commit --quiet -b main tree)" ""
is "TERM=dumb too" "$(TERM=dumb script -qec "$UNDERLAY --repo=r commit -b main tree >$T/stdout" /dev/null)" ""
like "fsck draws" "$(on_terminal fsck)" "Checking .*\[#+\] 100%"
is "fsck --quiet doesn't" "$(on_terminal fsck --quiet)" ""
is "nor fsck --json" "$(on_terminal fsck --json)" ""
longest=$(COLS=40 on_terminal commit -b main tree | sed 's/\x1b\[K//' | wc -L)
ok "no line is wider than the terminal" test "$longest" -le 40
fails_with "a failure is one line all the same" "^error: " "$UNDERLAY" --repo=r commit -b main nope

done_testing
