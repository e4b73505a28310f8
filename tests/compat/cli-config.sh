#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

"$OSTREE" init --repo=r
c () { on_copies "config $*" config "$@"; }

same config --repo=r get core.mode
same config --repo=r get --group=core mode
c set core.foo bar
c set core.foo ''
c set 'remote "x".url' http://x
c set --group='remote "y.z"' url 'http://y z'
c set a.b.c ' sp;ace '
c set core.lines $'a\nb\\c\t'
c unset core.foo
c unset core.mode.x
c unset none.foo
c unset --group=none foo
"$OSTREE" config --repo=r set 'remote "x".url' http://x
"$OSTREE" config --repo=r set a.b.c ' sp;ace '
same config --repo=r get 'remote "x".url'
same config --repo=r get a.b.c
c unset a.b.c
c set a.b.c new
for words in "" "get" "set" "unset" "list" "get mode" "get --group=core" "set core.x" "get core.mode extra" "set core.x y z" \
             "unset core.x y" "set --group=core x"; do
  # shellcheck disable=SC2086
  same_error config --repo=r $words
done

done_testing
