# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whiteouts as somebody who isn't root, in a user namespace: overlay mounts with userxattr, upper directories
# committed, checked out in user mode and mounted again. Root is only needed to become somebody else.
. "$(dirname "$0")/whiteouts-common.sh"
if [ -z "${UNDERLAY_IN_NAMESPACE:-}" ]; then
  need_root
  need_cmd setpriv
  as () { setpriv --reuid 61234 --regid 61234 --clear-groups "$@"; }
  as test -x "$UNDERLAY" -a -r "$SRC/tests/lib/tap.sh" || skip_all "the tree can't be read by others"
  as unshare -Urm true 2>/dev/null || skip_all "no user namespaces here"
  chmod 755 "$T" && mkdir user && chown 61234:61234 user
  cd user
  status=0
  UNDERLAY_IN_NAMESPACE=1 UNDERLAY_TEST_TMPDIR=$PWD as unshare -Urm --propagation private \
    bash "$SRC/tests/root/whiteouts-userns.sh" >&3 || status=$?
  _tap_finished=1
  exit "$status"
fi

mkdir fs && mount -t tmpfs none fs && cd fs
mkdir merged
mount_over () { mount -t overlay overlay -o "userxattr,$1" merged; }
# Hardlinks of a bare-user repository show their metadata.
everything () { treedump --no-links --no-xattr-prefix user.ostreemeta "$1"; }
# merged_is NAME LOWERDIRS FILE
merged_is ()
{
  mount_over lowerdir="$2"
  is "$1" "$(diff "$3" <(everything merged) | head -20)" ""
  umount merged
}

# Trees that a user checkout doesn't change: no set-id bits of files.
make_lower lower
chmod 755 lower/bin/a
mkdir upper work
mount_over lowerdir=lower,upperdir=upper,workdir=work || skip_all "no overlay mounts with userxattr here"
change merged
everything merged >want
umount merged
# And one that keeps within the modes of bare-user-only.
mkdir upper.plain work.plain
mount_over lowerdir=lower,upperdir=upper.plain,workdir=work.plain
rm merged/bin/b merged/etc/link && rm -r merged/gone merged/replaced && echo new >merged/etc/added
mkdir merged/replaced && echo new >merged/replaced/new
chmod g-s merged/usr/lib && chmod 755 merged/var/cache
everything merged >want.plain
umount merged

isnt "the upper directory holds whiteouts" "$(find upper -type c | wc -l)" "0"
isnt "and opaque directories" "$(getfattr -R -n user.overlay.opaque upper 2>/dev/null | grep -c '="y"')" "0"
isnt "the other one, too" "$(getfattr -R -n user.overlay.opaque upper.plain 2>/dev/null | grep -c '="y"')" "0"

for mode in bare-user archive bare; do
  "$UNDERLAY" --repo="r.$mode" init --mode=$mode
  "$UNDERLAY" --repo="r.$mode" commit -b lower --timestamp=@0 lower >/dev/null
  "$UNDERLAY" --repo="r.$mode" commit -b upper --retarget-whiteouts --timestamp=@0 upper >/dev/null
  o=()
  [ $mode != bare-user ] || o=(-H)
  ok "$mode: the lower layer" "$UNDERLAY" --repo="r.$mode" checkout -U "${o[@]}" lower "l.$mode"
  ok "$mode: the upper layer" "$UNDERLAY" --repo="r.$mode" checkout -U "${o[@]}" $P upper "u.$mode"
  merged_is "$mode: the merge" "u.$mode:l.$mode" want
  "$UNDERLAY" --repo="r.$mode" commit -b again --retarget-whiteouts --timestamp=@0 "u.$mode" >/dev/null
  # In bare-user, hardlinked files carry its xattr.
  [ $mode = bare-user ] || is "$mode: commits to the same again" "$("$UNDERLAY" --repo="r.$mode" ls -dC again)" "$("$UNDERLAY" --repo="r.$mode" ls -dC upper)"
  is "$mode: opaque directories have the rootless form alone" \
    "$(getfattr -R -d -m 'overlay' "u.$mode" 2>/dev/null | grep -c '^user.overlay.opaque="y"') $(getfattr -R -d -m trusted "u.$mode" 2>/dev/null | wc -l)" \
    "$(getfattr -R -n user.overlay.opaque upper 2>/dev/null | grep -c '="y"') 0"
done
ok "without passthrough" "$UNDERLAY" --repo=r.archive checkout -U upper plain
is "directories are plain" "$(getfattr -hR -d -m - plain)" ""

mode=bare-user-only
"$UNDERLAY" --repo=r init --mode=$mode
"$UNDERLAY" --repo=r commit -b lower --canonical-permissions --timestamp=@0 lower >/dev/null
"$UNDERLAY" --repo=r commit -b upper --canonical-permissions --retarget-whiteouts --timestamp=@0 upper.plain >/dev/null
for o in -H -C -UH; do
  rm -rf l u
  ok "$mode $o: the lower layer" "$UNDERLAY" --repo=r checkout $o lower l
  ok "$mode $o: the upper layer" "$UNDERLAY" --repo=r checkout $o $P upper u
  # Canonical directories have no set-id or sticky bits, which the plain merge doesn't have either.
  merged_is "$mode $o: the merge" u:l want.plain
  "$UNDERLAY" --repo=r commit -b again --canonical-permissions --retarget-whiteouts --timestamp=@0 u >/dev/null
  is "$mode $o: commits to the same again" "$("$UNDERLAY" --repo=r ls -dC again)" "$("$UNDERLAY" --repo=r ls -dC upper)"
done
ok "$mode: fsck" "$UNDERLAY" --repo=r fsck

# A symlink planted by whoever can write to the target.
mkdir attack outside && ln -s ../outside attack/etc
fails_with "a planted symlink" "^error: checkout /etc: a symlink is in the way of a directory$" "$UNDERLAY" --repo=r checkout --union $P upper attack
is "is not followed" "$(ls -A outside)" ""

# Refused by an overlay mount here too.
mkdir o.lower o.upper o.work
mount_over lowerdir=o.lower,upperdir=o.upper,workdir=o.work
fails_with "an overlay mount" "refuses whiteout devices" "$UNDERLAY" --repo=r checkout $P upper merged/out
is "gets nothing" "$(ls -A merged)" ""
umount merged

cd "$T" && umount fs
done_testing
