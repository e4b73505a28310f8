# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="commit -I from a hardlinked checkout"
target="at least 2x"

setup ()
{
  tool "$1" init --repo=repo --mode=bare && tool "$1" commit --repo=repo -b x "$TREE" \
    && tool "$1" checkout --repo=repo -H x out
}
reset () { :; }
job () { cmd=("$(program "$1")" commit --repo=repo -I -b x out); }
