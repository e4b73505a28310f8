# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="export of a bare repository, to a pipe"
target="at least 3x"

setup () { tool "$1" init --repo=repo --mode=bare && tool "$1" commit --repo=repo -b x "$TREE"; }
reset () { :; }
job () { cmd=(sh -c "'$(program "$1")' export --repo=repo --no-xattrs x | cat >/dev/null"); }
