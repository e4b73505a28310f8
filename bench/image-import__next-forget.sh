# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-import__next-few.sh"
title="  the same, --no-keep-blobs"
option=--no-keep-blobs
