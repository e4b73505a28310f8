#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_repo
R=--repo=r

for words in "" dev dev/x main nope ma alias rem: rem:foo rem:foo/bar "main dev"; do
  # shellcheck disable=SC2086
  same_sorted refs $R $words
  # ostree lists a whole remote as rem:./foo
  # shellcheck disable=SC2086
  [ "$words" = rem: ] || same_sorted refs $R --list $words
done
same_sorted refs $R -A
# With the name of an alias ostree prints the commit instead of the target.
same_sorted refs $R -A nope
same_sorted refs $R -c
same_error refs $R dev/
same_error refs $R -c main

on_copies "--create" refs --create=new main
on_copies "--create of a parent" refs --create=new main^
on_copies "--create of a checksum" refs --create=new/x "$one"
on_copies "--create of a remote ref" refs --create=rem:new main
on_copies "--create --force" refs --create=dev/x --force "$one"
on_copies "--create --alias" refs --create=new -A main
on_copies "--create --alias below" refs --create=new/below -A dev/x
on_copies "--create --alias of an alias" refs --create=new -A alias
on_copies "--create --alias --force" refs --create=dev/x -A --force main
on_copies "--delete" refs --delete dev/x
on_copies "--delete of a prefix" refs --delete dev
on_copies "--delete of two" refs --delete dev/x alias
on_copies "--delete of a remote ref" refs --delete rem:foo/bar
on_copies "--delete of nothing" refs --delete nope
on_copies "--delete of the target of an alias" refs --delete main
same_error refs $R --delete main
same_error refs $R --delete
same_error refs $R --create=new
same_error refs $R --create=new main main
same_error refs $R --create=new nope
same_error refs $R --create=dev/x main
same_error refs $R --create=new -A nope
for bad in .. a//b /a a/ .a a/.b -a 'a b' a@b a+b a:b:c; do
  same_error refs $R --create="$bad" main
done
for good in x.y _a a- a..b ü 0/1; do
  on_copies "the name '$good'" refs --create="$good" main
done

"$OSTREE" config $R set core.collection-id org.example.Os
same_sorted refs $R -c
same_sorted refs $R -c org.example.Os
same_sorted refs $R -cA
same_sorted refs $R -c org.example.Other
on_copies "a collection ref" refs -c --create=org.example.Other:x main
"$OSTREE" refs $R -c --create=org.example.Other:x main
same_sorted refs $R -c
on_copies "--delete of a collection" refs -c --delete org.example.Other

done_testing
