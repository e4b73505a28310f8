#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store expose: what is refused before anything is mounted. tests/root/image-store-expose.sh mounts.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3
. "$SRC/tests/cli/store-common.sh"

mkdir dir units
expose () { store expose --dry-run "$@"; }
fails_with "without DIR" "^error: Exactly one DIR must be given$" expose --store=store --user=nobody
fails_with "two of them" "^error: Exactly one DIR must be given$" expose --store=store --user=nobody dir dir
fails_with "without a store" "^error: Which store must be given, with --store=STORE$" expose --user=nobody dir
fails_with "without a user" "^error: For whom must be given, with --user=USER$" expose --store=store dir
fails_with "no such store" "^error: nowhere: no such directory$" expose --store=nowhere --user=nobody dir
fails_with "no such user" "^error: no such user: nobody at all$" expose --store=store --user="nobody at all" dir
fails_with "no user has that uid" "^error: no such user: 4123456789$" expose --store=store --user=4123456789 dir
fails_with "root" "^error: user root: root uses the store as it is$" expose --store=store --user=root dir
fails_with "what takes it away takes no store" "^error: --remove takes no --store and no --user$" expose --remove --store=store dir
fails_with "and no user" "^error: --remove takes no --store and no --user$" expose --remove --user=nobody dir
fails_with "nothing to take away" "^error: $T/dir: no store is mounted there$" expose --remove --unit=units dir
fails_with "nor where nothing is" "^error: $T/nowhere: no store is mounted there$" expose --remove --unit=units nowhere
fails_with "a symlink isn't followed for it" "a symlink is on the way there" eval 'ln -s dir link; expose --remove --unit=units link'
is "nothing is done" "$(find dir units -mindepth 1)" ""
if [ "$(id -u)" = 0 ]; then
  fails_with "a user without ids" "^error: user nobody: no ids in /etc/subuid$" expose --store=store --user=nobody dir
  # A unit may be all that is left.
  : >"units/underlay-expose-$(printf %s "${T#/}/dir" | sed 's/-/\\x2d/g; s|/|-|g').service"
  like "a unit that is left" "$(expose --remove --unit=units dir)" "^would remove units/underlay-expose-.*-dir.service$"
  is "stays in a dry run" "$(ls units | wc -l)" 1
  like "and goes" "$(store expose --remove --unit=units dir)" "^removed units/underlay-expose-.*-dir.service$"
  is "alone" "$(ls units)" ""
else
  fails_with "not root" "^error: Only root can mount a store$" store expose --store=store --user=nobody dir
fi

done_testing
