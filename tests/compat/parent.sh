#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# core.parent as ostree has it

. "$(dirname "$0")/cli-lib.sh"

make_tree
rm -rf tree/opaque
"$OSTREE" init --repo=p --mode=bare-user
one=$("$OSTREE" --repo=p commit -b main -b main --timestamp=@1 tree)
"$OSTREE" --repo=p refs --create=rem:foo main
"$OSTREE" init --repo=r --mode=bare-user
"$OSTREE" --repo=r config set core.parent "$T/p"
R=--repo=r

same refs $R
same rev-parse $R main
same rev-parse $R rem:foo
same rev-parse $R "${one:0:8}"
same rev-parse $R --single
same ls $R -R -C -X main
same cat $R main /etc/conf
same log $R main
same show $R main
same_error rev-parse $R nope
same_error reset $R main main
is "fsck" "$("$UNDERLAY" fsck $R)" "$("$OSTREE" fsck $R | grep -v "^fsck objects")"
on_copies "a commit" commit -b main --timestamp=@2 tree
on_copies "refs --create" refs --create=new main
on_copies "refs --delete of the parent's" refs --delete main
"$OSTREE" $R commit -b main --timestamp=@2 tree
same rev-parse $R main^
is "fsck" "$("$UNDERLAY" fsck $R)" "$("$OSTREE" fsck $R | grep -v "^fsck objects")"

for tool in "$OSTREE" "$UNDERLAY"; do
  "$tool" $R checkout -U main "co-${tool##*/}"
done
same_tree "checkout" "co-${UNDERLAY##*/}" "co-${OSTREE##*/}"

done_testing
