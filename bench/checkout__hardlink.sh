# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
title="checkout -H"
target="at least 3x"
others=(cp-al)

setup ()
{
  case $1 in
    cp-al) ;;
    *) tool "$1" init --repo=repo --mode=bare && tool "$1" commit --repo=repo -b x "$TREE" ;;
  esac
}
reset () { rm -rf out; }
job ()
{
  case $1 in
    cp-al) cmd=(cp -al "$TREE" out) ;;
    *) cmd=("$(program "$1")" checkout --repo=repo -H x out) ;;
  esac
}
