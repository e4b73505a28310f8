#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_repo
on_copies "to the parent" reset main main^
on_copies "to a checksum" reset main "$one"
on_copies "to a beginning of one" reset main "${one:0:9}"
on_copies "to a commit of no ref" reset dev/y "$three"
on_copies "an alias" reset alias main^
on_copies "a remote ref" reset rem:foo/bar main
on_copies "no such ref" reset nope main
on_copies "no such commit" reset main nope
R=--repo=r
same_error reset $R nope main
same_error reset $R main nope
same_error reset $R main
same_error reset $R

done_testing
