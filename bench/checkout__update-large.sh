# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# The same with eight of the trees: starting a process, which is half of the time of the small update, is
# a tenth here.
# shellcheck source=bench/checkout__update.sh
. "$here/checkout__update.sh"
title="checkout --update, 1% of 54,000 changed"
copies=8
