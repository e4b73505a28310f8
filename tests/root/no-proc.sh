#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Without /proc: what needs it says so.
. "$(dirname "$0")/../lib/tap.sh"
need_root
[ -z "${UNDERLAY_TEST_SANITIZER:-}" ] || skip_all "sanitizers need /proc themselves"
unshare -m umount -l /proc 2>/dev/null || skip_all "/proc can't be unmounted"

# In a mount namespace of its own, where /proc isn't.
u () { unshare -m --propagation private sh -c 'umount -l /proc && exec "$UNDERLAY" --repo=r "$@"' sh "$@"; }

mkdir tree
echo content >tree/file
: >tree/.ostree-wh.gone
ln -s file tree/link
"$UNDERLAY" --repo=r init --mode=bare
"$UNDERLAY" --repo=r commit -b main tree

fails_with "commit" "^error: read boot id: /proc is not mounted$" u commit -b main tree
fails_with "a checkout that copies" "^error: checkout /file: name file: /proc is not mounted$" u checkout -C main copy
fails_with "one that makes whiteouts" "change mode of whiteout: /proc is not mounted$" \
           u checkout --process-passthrough-whiteouts main whiteouts
ok "a checkout that links" u checkout main links
fails_with "ls of a symlink with attributes" "list xattrs: /proc is not mounted$" u ls -R main
run u fsck --json
is "fsck can't say" "$status $(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["sound"])' "$out")" "2 None"

done_testing
