# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="commit, bare"
target="at least 5x"

setup () { :; }
reset () { rm -rf repo && tool "$1" init --repo=repo --mode=bare; }
job () { cmd=("$(program "$1")" commit --repo=repo -b x "$TREE"); }
