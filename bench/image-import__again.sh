# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-common.sh"
title="image import again"
target="under 0.2 s"

setup ()
{
  make_images
  if [ "$1" = underlay ]; then
    tool underlay init --repo=repo --mode=bare
    tool underlay image import -q --repo=repo --name=x:1 oci:../layout:v1
  else
    skopeo_copy layout
    "${cmd[@]}"
  fi
}
reset () { :; }
job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image import --repo=repo --name=x:1 oci:../layout:v1) ;;
    ostree) skopeo_copy layout ;;
  esac
}
