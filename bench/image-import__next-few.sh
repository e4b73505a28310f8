# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-import__next.sh"
title="  5% of that layer's files changed"
next=few
