# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-common.sh"
title="image import, 3 layers (peer: skopeo)"
target="faster"

setup () { make_images; }
reset ()
{
  drop_storage
  rm -rf repo
  tool underlay init --repo=repo --mode=bare
}
job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image import --repo=repo --name=x:1 oci:../layout:v1) ;;
    ostree) skopeo_copy layout ;;
  esac
}
