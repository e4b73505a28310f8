# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Where links end: an object with as many as the file system allows, a target on another file system.
. "$(dirname "$0")/common.sh"

mode=bare
init_both bare
mkdir -p tree/dir && echo popular >tree/dir/popular && echo other >tree/other && ln -s other tree/link
c=$(peer commit -b t tree)
f=$(peer ls -C t /dir/popular | awk '{print $5}')
object=$PWD/peer.bare/objects/${f:0:2}/${f:2}.file

# --- EMLINK

case $(stat -f -c %T .) in
  ext*)
    mkdir full
    python3 - "$object" full <<'PYTHON'
import errno, os, sys
try:
    for i in range(70000):
        os.link(sys.argv[1], "%s/%d" % (sys.argv[2], i))
except OSError as e:
    assert e.errno == errno.EMLINK
PYTHON
    is "an object has all the links it can have" "$(stat -c %h "$object")" "65000"
    ok "a checkout" "$UNDERLAY" --repo=peer.bare checkout t out
    is "copies it" "$(stat -c %h out/dir/popular) $(cat out/dir/popular)" "1 popular"
    isnt "and links what it can" "$(stat -c %h out/other)" "1"
    ok "over another" "$UNDERLAY" --repo=peer.bare checkout --union t out
    fails_with "-H doesn't" "^error: checkout /dir/popular: hardlink .*: Too many links$" "$UNDERLAY" --repo=peer.bare checkout -H t required
    is "a commit of it is the same" "$(peer commit --orphan --timestamp=@0 out)" "$(peer commit --orphan --timestamp=@0 tree)"
    rm -rf full
    ;;
  *) skip "EMLINK" "not on ext4" ;;
esac

# --- EXDEV

case $(stat -f -c %T .) in tmpfs) elsewhere=/var/tmp ;; *) elsewhere=/dev/shm ;; esac
other=$(mktemp -d -p "$elsewhere" underlay-test.XXXXXX) || skip_all "no second file system"
at_exit "rm -rf '$other'"
ok "to another file system" "$UNDERLAY" --repo=peer.bare checkout "$c" "$other/out"
ok "as the peer does it" peer checkout "$c" "$other/peer"
same_tree "it's copied" "$other/out" "$other/peer"
fails_with "-H doesn't" "^error: checkout /link: hardlink .*: Invalid cross-device link$" "$UNDERLAY" --repo=peer.bare checkout -H "$c" "$other/required"
nok "the peer neither" peer checkout -H "$c" "$other/required2"

mode=archive
init_both archive
peer commit -b t tree >/dev/null
ok "an archive's cache is on another file system" "$UNDERLAY" --repo=peer.archive checkout -U t "$other/cached"
is "so it stays out of it" "$(find peer.archive/uncompressed-objects-cache -type f)|$(find peer.archive/tmp -mindepth 1 ! -name cache)" "|"

done_testing
