# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whiteouts on real overlay mounts: upper directories are committed, checked out and mounted again; the merged
# tree has to be the one that was there. And where a file system refuses whiteouts.
. "$(dirname "$0")/whiteouts-common.sh"
need_root
if [ -z "${UNDERLAY_IN_NAMESPACE:-}" ]; then
  unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
  cd /
  status=0
  UNDERLAY_IN_NAMESPACE=1 unshare -m --propagation private bash "$SRC/tests/root/whiteouts-overlay.sh" >&3 || status=$?
  _tap_finished=1
  exit "$status"
fi
mkdir fs && mount -t tmpfs none fs && cd fs
mkdir merged
mount_over () { mount -t overlay overlay -o "$1" merged; }

# --- three layers, as they come about

make_lower lower
chown 12:34 lower/etc/conf lower/var && chown -h 5:6 lower/etc/link
setfattr -n user.note -v lower lower/bin/c && setfattr -n trusted.note -v dir lower/usr
setcap cap_net_raw=ep lower/bin/c
mkdir upper1 work1 upper2 work2
mount_over lowerdir=lower,upperdir=upper1,workdir=work1 || skip_all "no overlay mounts here"
change merged
chown 77:88 merged/etc/added && setfattr -n user.note -v new merged/etc/added && setfattr -n trusted.note -v new merged/replaced
everything merged >want1
umount merged
mount_over lowerdir=upper1:lower,upperdir=upper2,workdir=work2
change_more merged
everything merged >want2
umount merged
isnt "the upper directories hold whiteouts" "$(find upper1 upper2 -type c | wc -l)" "0"
isnt "and opaque directories" "$(getfattr -R -n trusted.overlay.opaque upper1 upper2 2>/dev/null | grep -c '="y"')" "0"

# --- committed, checked out, mounted

for setting in 'bare -H' 'bare -C' 'bare-user' 'archive' 'bare-split-xattrs'; do
  # shellcheck disable=SC2086
  set -- $setting
  mode=$1
  shift
  rm -rf r l u1 u2
  "$UNDERLAY" --repo=r init --mode="$mode"
  "$UNDERLAY" --repo=r commit -b lower --timestamp=@0 lower >/dev/null
  for i in 1 2; do "$UNDERLAY" --repo=r commit -b upper$i --retarget-whiteouts --timestamp=@0 upper$i >/dev/null; done
  ok "$setting: the lower layer" "$UNDERLAY" --repo=r checkout "$@" lower l
  ok "$setting: the first upper one" "$UNDERLAY" --repo=r checkout "$@" $P upper1 u1
  ok "$setting: the second" "$UNDERLAY" --repo=r checkout "$@" $P upper2 u2
  mount_over lowerdir=u1:l
  is "$setting: the first merge" "$(diff want1 <(everything merged) | head -20)" ""
  umount merged
  mount_over lowerdir=u2:u1:l
  is "$setting: the second merge" "$(diff want2 <(everything merged) | head -20)" ""
  umount merged
  mkdir -p work3 && mount_over lowerdir=u1:l,upperdir=u2,workdir=work3
  is "$setting: as an upper directory" "$(diff want2 <(everything merged) | head -20)" ""
  umount merged
  ok "$setting: fsck" "$UNDERLAY" --repo=r fsck
  # Mounting as upper has written to it, so a fresh one.
  rm -rf u2 && "$UNDERLAY" --repo=r checkout "$@" $P upper2 u2
  for i in 1 2; do
    "$UNDERLAY" --repo=r commit -b again$i --retarget-whiteouts --timestamp=@0 u$i >/dev/null
    is "$setting: upper$i commits to the same again" "$("$UNDERLAY" --repo=r ls -dC again$i)" "$("$UNDERLAY" --repo=r ls -dC upper$i)"
  done
done

# --- with the peer

if command -v "$OSTREE" >/dev/null; then
  rm -rf r p1 p2 l
  "$UNDERLAY" --repo=r init
  "$UNDERLAY" --repo=r commit -b lower lower >/dev/null
  for i in 1 2; do
    "$UNDERLAY" --repo=r commit -b upper$i --retarget-whiteouts upper$i >/dev/null
    "$OSTREE" --repo=r checkout $P upper$i p$i
    "$UNDERLAY" --repo=r checkout $P upper$i o$i
    same_tree "the peer's checkout of upper$i is ours" p$i o$i
  done
  "$OSTREE" --repo=r checkout lower l
  mount_over lowerdir=p2:p1:l
  is "its merge is right" "$(diff want2 <(everything merged) | head -20)" ""
  umount merged
fi

# --- layers united into one directory

rm -rf r united
"$UNDERLAY" --repo=r init
for i in 1 2; do "$UNDERLAY" --repo=r commit -b upper$i --retarget-whiteouts upper$i >/dev/null; done
mkdir -p whiteouts/gone && mknod whiteouts/gone/w c 0 0 && mknod whiteouts/replaced c 0 0
"$UNDERLAY" --repo=r commit -b whiteouts --retarget-whiteouts whiteouts >/dev/null
"$UNDERLAY" --repo=r checkout $P upper1 united
ok "whiteouts over a layer" "$UNDERLAY" --repo=r checkout -H $P --subpath=/ --union --skip-list=<(echo /gone/) whiteouts united
is "a directory became a whiteout" "$(stat -c '%F %t:%T' united/replaced)" "character special file 0:0"
ok "its hardlinked files are still in the repository" "$UNDERLAY" --repo=r fsck

# --- where whiteouts can't be made: nothing is written

mkdir o.lower o.upper o.work
mount_over lowerdir=o.lower,upperdir=o.upper,workdir=o.work
fails_with "an overlay mount is said to refuse" "^error: checkout to merged/out: the file system there refuses whiteout devices .*, which /[^ ]*\.ostree-wh\.[^ ]* needs$" \
  "$UNDERLAY" --repo=r checkout $P upper1 merged/out
is "before anything is written" "$(ls -A merged)" ""
mkdir merged/in && echo mine >merged/in/mine
fails_with "a union into it too" "refuses whiteout devices" "$UNDERLAY" --repo=r checkout $P --union upper1 merged/in
is "leaves it as it was" "$(ls -A merged/in)" "mine"
fails_with "and a single marker" "refuses whiteout devices .*, which /.ostree-wh.w needs$" "$UNDERLAY" --repo=r checkout $P --subpath=/gone/.ostree-wh.w whiteouts merged/in
is "leaves it too" "$(ls -A merged/in)" "mine"
mkdir plain && echo x >plain/x && : >plain/.wh.y
"$UNDERLAY" --repo=r commit -b plain plain >/dev/null
ok "a tree without markers goes there" "$UNDERLAY" --repo=r checkout $P plain merged/plain
is "whole" "$(cat merged/plain/x)" "x"
ok "and one with markers without passthrough" "$UNDERLAY" --repo=r checkout upper1 merged/files
umount merged
if command -v fuse-overlayfs >/dev/null && [ -e /dev/fuse ]; then
  mkdir f.lower f.upper f.work
  if fuse-overlayfs -o lowerdir=f.lower,upperdir=f.upper,workdir=f.work merged 3>&- 2>/dev/null; then
    fails_with "fuse-overlayfs is said to refuse too" "refuses whiteout devices" "$UNDERLAY" --repo=r checkout $P upper1 merged/out
    is "before anything is written to it" "$(ls -A merged)" ""
    umount merged
  else
    skip "fuse-overlayfs" "it doesn't mount here"
  fi
else
  skip "fuse-overlayfs" "not there"
fi

# --- a symlink planted between the layers

mkdir -p attack/etc victim && ln -s ../../victim attack/etc/conf.d
"$UNDERLAY" --repo=r commit -b lower lower >/dev/null
fails_with "never goes a checkout" "^error: checkout /etc/conf.d: a symlink is in the way of a directory$" \
  "$UNDERLAY" --repo=r checkout --union lower attack
is "nothing came there" "$(ls -A victim)" ""
mkdir attack2 && ln -s ../victim/created attack2/keep
ok "a planted symlink in place of a file" "$UNDERLAY" --repo=r checkout --union lower attack2
is "is replaced" "$(stat -c %F attack2/keep)" "regular file"
is "not followed" "$(ls -A victim)" ""

cd "$T" && umount fs
done_testing
