#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# init makes the same repository: directories, modes, configuration.

. "$(dirname "$0")/cli-lib.sh"

shape () { (cd "$1" && find . -printf '%p %y %m\n' | sort && cat config); }

for mode in bare bare-user bare-user-only archive archive-z2 bare-split-xattrs; do
  "$OSTREE" init --repo=theirs --mode="$mode"
  "$UNDERLAY" init --repo=ours --mode="$mode"
  is "--mode=$mode" "$(shape ours)" "$(shape theirs)"
  ok "ostree opens it" "$OSTREE" refs --repo=ours
  ok "we open theirs" "$UNDERLAY" refs --repo=theirs
  rm -rf ours theirs
done
"$OSTREE" init --repo=theirs --collection-id=org.example.Os
"$UNDERLAY" init --repo=ours --collection-id=org.example.Os
is "--collection-id" "$(shape ours)" "$(shape theirs)"
same init --repo=theirs
same init --repo=ours
same init --repo=new --mode=bogus
same_error init --repo=new --collection-id=bad
same_error init
same_error init --bogus
same_error init --repo
nok "nothing came of these" test -e new

done_testing
