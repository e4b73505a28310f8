# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-import__next-few.sh"
title="  the same, --no-keep-blobs"

job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image import --no-keep-blobs --repo=repo --name=x:1 "oci:../$next:v1") ;;
    ostree) skopeo_copy "$next" ;;
  esac
}
