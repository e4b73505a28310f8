#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# SELinux labels of a checkout: what is labelled, by which path, and what they don't go with. Where the policy comes
# from and what may be wrong with it is tested in selinux.sh.

. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd setfattr getfattr

u () { "$UNDERLAY" --repo=r "$@"; }
# co [OPTION...]: with the policy, to a new directory.
co ()
{
  rm -rf out
  u checkout --selinux-policy=pol "$@" main out
}
label () { getfattr -h --only-values -n security.selinux "out$1" 2>/dev/null | tr -d '\0' || true; }

contexts=pol/etc/selinux/p/contexts/files
mkdir -p $contexts
printf 'SELINUX=permissive\nSELINUXTYPE=p\n' >pol/etc/selinux/config
printf '%s\n' '/.* s:o:base' '/ s:o:root' '/etc(/.*)? s:o:etc' '/etc/shadow -- s:o:shadow' '/etc/gone -c s:o:device' \
  '/etc/link -l s:o:link' '/none(/.*)? <<none>>' '/image -d s:o:image' '/image/etc/shadow s:o:far' '/file s:o:exactly' \
  '/var/lib/containers/storage(/.*)? s:o:store' >$contexts/file_contexts

mkdir -p tree/{etc,none,usr/lib/containers/storage}
echo x | tee tree/etc/{shadow,plain} tree/none/f tree/usr/lib/containers/storage/f >/dev/null
: >tree/etc/.ostree-wh.gone
: >tree/etc/empty
ln -s shadow tree/etc/link
for f in etc etc/shadow etc/.ostree-wh.gone none/f; do setfattr -n security.selinux -v s:o:old tree/$f; done
setfattr -h -n security.selinux -v s:o:old tree/etc/link
setfattr -n user.note -v hi tree/etc/shadow
setfattr -n trusted.overlay.opaque -v y tree/etc

for mode in bare bare-user archive; do
  rm -rf r
  u init --mode=$mode
  u commit -b main tree >/dev/null
  ok "$mode: --selinux-policy" co
  is "$mode: a file" "$(label /etc/shadow)" s:o:shadow
  is "$mode: an empty one" "$(label /etc/empty)" s:o:etc
  is "$mode: the root" "$(label /)" s:o:root
  is "$mode: a directory" "$(label /etc)" s:o:etc
  is "$mode: a symlink" "$(label /etc/link)" s:o:link
  is "$mode: a marker, which is a file here" "$(label /etc/.ostree-wh.gone)" s:o:etc
  is "$mode: what the policy has no label for keeps its own" "$(label /none/f)" s:o:old
  is "$mode: or has none" "$(label /none)" ""
  is "$mode: other attributes stay" "$(getfattr --only-values -n user.note out/etc/shadow; getfattr --only-values -n trusted.overlay.opaque out/etc)" hiy
  is "$mode: a label ends with a NUL" "$(getfattr -e hex -n security.selinux out/etc/plain | sed -n s/.*=//p)" 0x733a6f3a65746300
  is "$mode: nothing is a hardlink" "$(find out -type f -links +1)" ""
  ok "$mode: the repository is as it was" u fsck
  ok "$mode: the default" u checkout main $mode.plain
  is "$mode: is the label that is committed" "$(getfattr --only-values -n security.selinux $mode.plain/etc/shadow | tr -d '\0')" s:o:old
done

ok "one worker" u checkout -j1 --selinux-policy=pol main one
ok "and many" u checkout -j8 --selinux-policy=pol main many
same_tree "make the same" one many

# --- whiteouts

ok "--process-passthrough-whiteouts" co --process-passthrough-whiteouts
is "a device is labelled as one" "$(stat -c %F out/etc/gone) $(label /etc/gone)" "character special file s:o:device"
ok "over a directory" eval 'rm out/etc/gone && mkdir out/etc/gone &&
  u checkout --union --process-passthrough-whiteouts --selinux-policy=pol main out'
is "also there" "$(label /etc/gone)" s:o:device
ok "a marker alone" co --process-passthrough-whiteouts --subpath=/etc/.ostree-wh.gone
is "is the device, too" "$(label /gone)" s:o:device

# --- paths

ok "--subpath" co --subpath=/etc
is "labels by the path in the commit" "$(label /) $(label /shadow)" "s:o:etc s:o:shadow"
ok "however it is written" co --subpath=etc//
is "also then" "$(label /) $(label /shadow)" "s:o:etc s:o:shadow"
ok "--subpath of a file" co --subpath=/etc/shadow
is "the same" "$(label /shadow)" s:o:shadow
ok "--selinux-prefix" co --selinux-prefix=/image
is "stands before all paths" "$(label /) $(label /etc/shadow) $(label /etc/plain)" "s:o:image s:o:far s:o:base"
ok "with slashes" co --selinux-prefix=//image//
is "is the same" "$(label /) $(label /etc/shadow)" "s:o:image s:o:far"
ok "the root as prefix" co --selinux-prefix=/
is "is none" "$(label /) $(label /etc/shadow)" "s:o:root s:o:shadow"
ok "both" co --subpath=/etc --selinux-prefix=/image/etc
is "the prefix is in the place of the subpath" "$(label /shadow) $(label /plain)" "s:o:far s:o:base"
ok "both, a file" co --subpath=/etc/plain --selinux-prefix=/file
is "the prefix is its path" "$(label /plain)" s:o:exactly
fails_with "a relative prefix" "checkout: --selinux-prefix=image: not an absolute path$" co --selinux-prefix=image
fails_with "an empty one" "checkout: --selinux-prefix=: not an absolute path$" co --selinux-prefix=

storage=/usr/lib/containers/storage
ok "--selinux-equivalence" co --selinux-equivalence=$storage=/var/lib/containers/storage --selinux-equivalence=/usr=/etc
is "labels as if it stood elsewhere" "$(label $storage) $(label $storage/f) $(label /usr/lib)" "s:o:store s:o:store s:o:etc"
fails_with "no path" "Missing '=' in --selinux-equivalence=/usr$" co --selinux-equivalence=/usr

# --- lists, unions

printf 'main\0/etc\0main\0/none\0' >list
rm -rf out
ok "--from-file" u checkout --union --selinux-policy=pol --from-file=list listed
mv listed out
is "labels each by its path" "$(label /shadow) $(label /f)" "s:o:shadow s:o:old"

union () { u checkout --selinux-policy=pol "$@" main out; }
rm -rf out
u checkout main out
ok "--union" union --union
is "labels files anew" "$(label /etc/shadow)" s:o:shadow
is "not directories that are there" "$(label /etc)" s:o:old
rm -rf out
u checkout main out
ok "--union-add" union --union-add
is "leaves what is there" "$(label /etc/shadow)" s:o:old

# --- what it doesn't go with

fails_with "hardlinks" "Cannot specify both --require-hardlinks and --selinux-policy$" co -H
fails_with "user mode" "Cannot specify both --user-mode and --selinux-policy$" co -U
fails_with "a prefix alone" "Cannot specify --selinux-prefix without --selinux-policy$" u checkout --selinux-prefix=/x main x
fails_with "equivalences alone" "--selinux-equivalence needs --selinux-policy$" u checkout --selinux-equivalence=/a=/b main x
fails_with "no policy there" "SELinux policy in tree: neither etc/selinux/config nor usr/etc/selinux/config is there$" \
  u checkout --selinux-policy=tree main x
fails_with "no such directory" "SELinux policy in nope: No such file or directory$" u checkout --selinux-policy=nope main x
printf '%s\n' '/((x+x+)+y) s:o:t' >>$contexts/file_contexts
mkdir slow && : >slow/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz
u commit -b slow slow >/dev/null
fails_with "an endless expression" "^error: checkout /xxx.*: SELinux policy p: " u checkout --selinux-policy=pol slow slow.out
rm -rf r
u init --mode=bare-user-only
u commit -b main tree >/dev/null
fails_with "bare-user-only" "mode bare-user-only is always checked out in user mode, which sets no labels$" co
is "nothing was made" "$(ls -d out x 2>/dev/null)" ""

done_testing
