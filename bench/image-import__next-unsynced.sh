# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-import__next.sh"
title="  the same without syncs, as skopeo"
option=--disable-fsync
