# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="commit of a tar, bare"
target="at least 4x"

# Devices aside, which can't be stored.
setup () { tar --xattrs -cf tree.tar -C "$TREE" --exclude=./dev .; }
reset () { rm -rf repo && tool "$1" init --repo=repo --mode=bare; }
job () { cmd=("$(program "$1")" commit --repo=repo -b x --tree=tar=tree.tar); }
