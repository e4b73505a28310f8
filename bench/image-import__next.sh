# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-common.sh"
title="image import, 1 of 3 layers all new"
target="at least 3x"
next=second
option=

setup () { make_images; }
reset ()
{
  drop_storage
  rm -rf repo
  if [ "$1" = underlay ]; then
    tool underlay init --repo=repo --mode=bare
    tool underlay image import -q --repo=repo --name=x:1 oci:../layout:v1
  else
    skopeo_copy layout
    "${cmd[@]}"
  fi
}
job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image import ${option:+"$option"} --repo=repo --name=x:1 "oci:../$next:v1") ;;
    ostree) skopeo_copy "$next" ;;
  esac
}
