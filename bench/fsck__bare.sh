# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="fsck"
target="at least 8x"

setup () { tool "$1" init --repo=repo --mode=bare && tool "$1" commit --repo=repo -b x "$TREE"; }
reset () { :; }
job () { cmd=("$(program "$1")" fsck --repo=repo); }
