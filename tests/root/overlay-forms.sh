# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What overlay mounts leave in an upper directory besides 0:0 devices, and what
# commit --retarget-whiteouts makes of it: stored, dropped or refused, never lost in silence.

. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd setfattr getfattr

if [ -z "${UNDERLAY_IN_NAMESPACE:-}" ]; then
  unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
  cd /
  status=0
  UNDERLAY_IN_NAMESPACE=1 unshare -m --propagation private bash "$SRC/tests/root/overlay-forms.sh" >&3 || status=$?
  _tap_finished=1
  exit "$status"
fi
mkdir fs && mount -t tmpfs none fs
cd fs

ul () { "$UNDERLAY" --repo=repo "$@"; }
commit () { ul commit --retarget-whiteouts -b m "$1"; }
ul init

# A chmod through metacopy leaves a file of the right size that is all zeros.
mkdir lower upper work merged
echo content >lower/f
mount -t overlay o -o lowerdir=lower,upperdir=upper,workdir=work,metacopy=on merged
chmod 600 merged/f
umount merged
ok "the kernel made a metacopy" getfattr -n trusted.overlay.metacopy upper/f
fails_with "a metacopy is refused" '/f: xattr trusted.overlay.metacopy: only the overlay mount' commit upper

# A renamed directory is in the upper without what's in it.
rm -rf upper work
mkdir upper work lower/old
echo x >lower/old/x
mount -t overlay o -o lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=on merged
mv merged/old merged/new
umount merged
fails_with "a redirect is refused" '/new: xattr trusted.overlay.redirect: only the overlay mount' commit upper

# Bookkeeping goes, the rest of the xattrs stays.
rm -rf upper
mkdir upper
echo x >upper/f
setfattr -n trusted.overlay.origin -v 0x00fb upper/f
setfattr -n trusted.overlay.impure -v y upper
setfattr -n trusted.mine -v kept upper/f
ok "commit an upper with bookkeeping" commit upper
like "other xattrs are kept" "$(ul ls -RX m)" 'trusted.mine'
unlike "bookkeeping isn't" "$(ul ls -RX m)" 'overlay'
ok "without --retarget-whiteouts all is kept, as ostree does" ul commit -b plain upper
like "... origin" "$(ul ls -RX plain)" 'trusted.overlay.origin'

# fuse-overlayfs says opaque its own way and leaves two entries that say it again.
rm -rf upper
mkdir -p upper/d
setfattr -n user.fuseoverlayfs.opaque -v y upper/d 2>/dev/null \
  || setfattr -n trusted.overlay.opaque -v y upper/d # tmpfs without user xattrs
setfattr -n trusted.overlay.opaque -v y upper/d
touch upper/d/.wh..wh..opq upper/d/file
mknod upper/d/.wh..opq c 0 0
ok "commit what fuse-overlayfs leaves" commit upper
is "its junk is dropped" "$(ul ls -R m | awk '{ print $NF }' | tr '\n' ' ')" "/ /d /d/file "
like "the directory is opaque" "$(ul ls -dX m /d)" 'trusted.overlay.opaque'

# Rootless overlays say it with user.*; stored is one form.
rm -rf upper
mkdir -p upper/d
if setfattr -n user.overlay.opaque -v y upper/d 2>/dev/null; then
  ok "commit a rootless upper" commit upper
  like "the rootless form becomes the rootful one" "$(ul ls -dX m /d)" 'trusted.overlay.opaque'
else
  skip "commit a rootless upper" "no user xattrs on this tmpfs"
fi

# xattr whiteouts (kernel 6.7 and later) count only where the directory says so.
rm -rf upper
mkdir -p upper/says upper/silent
setfattr -n trusted.overlay.opaque -v x upper/says
touch upper/says/gone upper/says/empty upper/silent/gone
setfattr -n trusted.overlay.whiteout upper/says/gone
setfattr -n trusted.overlay.whiteout upper/silent/gone
ok "commit xattr whiteouts" commit upper
is "they become markers" "$(ul ls -R m | awk '{ print $NF }' | tr '\n' ' ')" \
  "/ /says /says/.ostree-wh.gone /says/empty /silent /silent/gone "
unlike "the announcement is dropped" "$(ul ls -RX m)" 'overlay'

# An opaque directory where xattrs can't be kept would let deleted files come back.
rm -rf upper
mkdir -p upper/d
setfattr -n trusted.overlay.opaque -v y upper/d
fails_with "--no-xattrs doesn't lose opaque in silence" '/d: directory is opaque' \
  ul commit --retarget-whiteouts --no-xattrs -b m upper

done_testing
