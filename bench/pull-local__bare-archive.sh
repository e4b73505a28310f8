# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="pull-local, bare to archive"
target="at least 8x"

setup () { tool "$1" init --repo=src --mode=bare && tool "$1" commit --repo=src -b x "$TREE"; }
reset () { rm -rf repo && tool "$1" init --repo=repo --mode=archive; }
job () { cmd=("$(program "$1")" pull-local --repo=repo src x); }
