# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-import__next.sh"
title="  the same without syncs, as skopeo"

job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image import --disable-fsync --repo=repo --name=x:1 "oci:../$next:v1") ;;
    ostree) skopeo_copy "$next" ;;
  esac
}
