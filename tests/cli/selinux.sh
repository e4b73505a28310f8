#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# SELinux labels of a commit: where the policy comes from, what is labelled, and what is wrong with a
# policy. Which label libselinux has for a path is tested in tests/util/test-selinux.c.

. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd setfattr getfattr

u () { "$UNDERLAY" --repo=r "$@"; }
c () { u commit -b main "$@"; }
# label PATH [REV]: what a commit says; a file is looked at in a checkout.
label ()
{
  rm -rf out
  u checkout -C "${2:-main}" out
  getfattr -h --only-values -n security.selinux "out$1" 2>/dev/null | tr -d '\0' || true
}

# policy DIR [LINE...]: a policy with these contexts.
policy ()
{
  local files=$1/etc/selinux/p/contexts/files
  mkdir -p "$files"
  printf 'SELINUX=enforcing\nSELINUXTYPE=p\n' >"$1/etc/selinux/config"
  printf '%s\n' "${@:2}" >"$files/file_contexts"
}
contexts=pol/etc/selinux/p/contexts/files/file_contexts

policy pol '/.* s:o:base' '/ s:o:root' '/etc(/.*)? s:o:etc' '/etc/shadow -- s:o:shadow' \
  '/usr/etc(/.*)? s:o:usretc' '/usr/bin/.* -l s:o:link' '/none(/.*)? <<none>>' \
  '/var/lib/containers/storage(/.*)? s:o:store' '/var/lib/containers/storage/overlay/.*/secret -c s:o:gone'
mkdir -p tree/etc tree/usr/etc tree/usr/bin tree/none tree/usr/lib/containers/storage/overlay/1
echo x | tee tree/etc/shadow tree/usr/etc/shadow tree/usr/bin/prog tree/none/f \
  tree/usr/lib/containers/storage/overlay/1/f >/dev/null
ln tree/etc/shadow tree/usr/bin/hard
ln -s prog tree/usr/bin/link
setfattr -n security.selinux -v s:o:old tree/etc/shadow
setfattr -n security.selinux -v s:o:kept tree/none/f
setfattr -n user.note -v hi tree/etc/shadow
u init --mode=bare

# --- what is labelled

ok "--selinux-policy" c --selinux-policy=pol tree
is "a file" "$(label /etc/shadow)" s:o:shadow
is "another name of it by its own path" "$(label /usr/bin/hard)" s:o:base
is "the root" "$(label /)" s:o:root
is "a directory" "$(label /etc)" s:o:etc
is "a symlink" "$(label /usr/bin/link)" s:o:link
is "what the policy has no label for keeps its own" "$(label /none/f)" s:o:kept
is "or has none" "$(label /none)" ""
is "other xattrs stay" "$(label / >/dev/null; getfattr --only-values -n user.note out/etc/shadow)" hi
ok "the repository is sound" u fsck
is "a label ends with a NUL" "$(getfattr -e hex -n security.selinux out/usr/bin/prog | sed -n s/.*=//p)" 0x733a6f3a6261736500
is "the source is as it was" "$(getfattr --only-values -n security.selinux tree/etc/shadow)" s:o:old
want=$(u rev-parse main)
is "the same with one worker" "$(u commit -j1 --orphan --no-bindings --selinux-policy=pol --timestamp=@0 tree)" \
  "$(u commit -j4 --orphan --no-bindings --selinux-policy=pol --timestamp=@0 tree)"

ok "with --no-xattrs" c --no-xattrs --selinux-policy=pol tree
is "labels are all there is" "$(label /etc/shadow; getfattr -d -m user. out/etc/shadow)" s:o:shadow
is "and the old one is gone" "$(label /none/f)" ""

u checkout -H main co
mv co/etc/shadow co/usr/bin/moved
ok "--link-checkout-speedup" c --link-checkout-speedup --selinux-policy=pol co
is "asks for the label again" "$(label /usr/bin/moved)" s:o:base
rm -rf co

# --- where the policy comes from

mkdir -p usretc/usr && cp -a pol/etc usretc/usr/
ok "a policy in /usr/etc" c --selinux-policy=usretc tree
is "is one" "$(label /etc)" s:o:etc
mkdir -p both/etc/selinux both/usr && cp -a pol/etc both/usr/
ok "an empty /etc/selinux beside it" c --selinux-policy=both tree
is "changes nothing" "$(label /etc)" s:o:etc

u commit -b base usretc >/dev/null
u commit -b etcbase pol >/dev/null
u commit -b bare-base tree >/dev/null
ok "-P with --base" c -P --base=base tree
is "labels what is laid over it" "$(label /etc)" s:o:etc
is "not what it has" "$(label /usr/etc/selinux/config)" ""
ok "-P with a base whose policy is in /etc" c --selinux-policy-from-base --base=etcbase tree
is "labels as well" "$(label /usr)" s:o:base
ok "-P with --tree=ref" c -P --tree=ref=base --tree=dir=tree
is "labels that tree" "$(label /usr/etc/selinux/config)" s:o:usretc
is "and what comes after it" "$(label /etc/shadow)" s:o:shadow
ok "-P with --tree=dir" c -P --tree=dir=pol --tree=dir=tree
is "labels" "$(label /etc/shadow)" s:o:shadow
ok "-P where the first tree has none" c -P --tree=dir=tree --tree=dir=pol
is "leaves labels as they are" "$(label /etc/shadow)" s:o:old
ok "and with such a base" c -P --base=bare-base --tree=dir=pol
is "the same" "$(label /etc/selinux)" ""
fails_with "both options" "Cannot specify both --selinux-policy and --selinux-policy-from-base" \
  c -P --selinux-policy=pol tree

# --- as if it stood elsewhere

ok "--selinux-labeling-epoch=0" c --selinux-policy=pol --selinux-labeling-epoch=0 tree
is "/usr/etc is /usr/etc" "$(label /usr/etc/shadow)" s:o:usretc
ok "--selinux-labeling-epoch=1" c --selinux-policy=pol --selinux-labeling-epoch=1 tree
is "/usr/etc is /etc" "$(label /usr/etc/shadow)" s:o:shadow
fails_with "--selinux-labeling-epoch=2" "Unknown SELinux labeling epoch 2" \
  c --selinux-policy=pol --selinux-labeling-epoch=2 tree
fails_with "--selinux-labeling-epoch=x" "Cannot parse 'x' for --selinux-labeling-epoch" \
  c --selinux-policy=pol --selinux-labeling-epoch=x tree

store=usr/lib/containers/storage
equal=--selinux-equivalence=/$store=/var/lib/containers/storage
mknod tree/$store/overlay/1/secret c 0 0
mknod tree/$store/overlay/1/other c 0 0
: >tree/$store/overlay/.ostree-wh.secret
printf x >tree/$store/overlay/1/.ostree-wh.full
ok "--selinux-equivalence" c --selinux-policy=pol --retarget-whiteouts $equal tree
is "a store is labelled as the one in /var" "$(label /$store/overlay/1/f)" s:o:store
is "with its top" "$(label /$store)" s:o:store
is "nothing else is" "$(label /usr/lib/containers)" s:o:base
is "a whiteout is labelled as the device" "$(label /$store/overlay/1/.ostree-wh.secret)" s:o:gone
is "by its name" "$(label /$store/overlay/1/.ostree-wh.other)" s:o:store
printf '%s\n' '/var/lib/containers/storage/overlay/secret -c s:o:gone' >>"$contexts"
ok "a marker in the source" c --selinux-policy=pol --retarget-whiteouts $equal tree
is "is labelled as the device, too" "$(label /$store/overlay/.ostree-wh.secret)" s:o:gone
is "but not one with content" "$(label /$store/overlay/1/.ostree-wh.full)" s:o:store
ok "several" c --selinux-policy=pol --devices=skip $equal --selinux-equivalence=/usr=/etc tree
is "the longest counts" "$(label /$store) $(label /usr/bin)" "s:o:store s:o:etc"
fails_with "no path" "Missing '=' in --selinux-equivalence=/usr" c --selinux-policy=pol --selinux-equivalence=/usr tree
fails_with "a relative path" "label usr as /etc: both are absolute paths" \
  c --selinux-policy=pol --selinux-equivalence=usr=/etc tree
fails_with "no policy" "--selinux-equivalence needs --selinux-policy" c $equal tree
rm tree/$store/overlay/1/{secret,other}

# --- what is wrong with a policy

before=$(u rev-parse main)
bad () { fails_with "$1" "^error: SELinux policy in $2" c --selinux-policy="${3:-bad}" tree; }
mkdir nothing
bad "none there" "nothing: neither etc/selinux/config nor usr/etc/selinux/config is there$" nothing
bad "no such directory" "nope: No such file or directory$" nope
bad "a file" "tree/etc/shadow: Not a directory$" tree/etc/shadow
policy bad '/.* s:o:t' '/usr'
bad "a line cut off" "bad: file_contexts, line 2: no context$"
policy bad '/.* s:o:t' '/never(/.*) s:o:t' '/never(/.* s:o:t'
bad "a bad expression" "bad: file_contexts, line 3: .*missing terminating )$"
policy bad '/.* s:o:t' && truncate -s 1T bad/etc/selinux/p/contexts/files/file_contexts
bad "a huge one" "bad: etc/selinux/p/contexts/files/file_contexts: more than 16777216 bytes$"
printf 'SELINUX=enforcing\nSELINUXTYPE=../../../../pol/etc/selinux/p\n' >bad/etc/selinux/config
bad "a type that leads elsewhere" "bad: etc/selinux/config: SELINUXTYPE: invalid name$"
echo SELINUX=enforcing >bad/etc/selinux/config
bad "no type" "bad: etc/selinux/config: no SELINUXTYPE$"
policy bad '/((x+x+)+y) s:o:t' && mkdir slow && : >slow/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyz
fails_with "an endless expression" "error: /xxx.*: SELinux policy p: " c --selinux-policy=bad slow
u commit -b bad bad >/dev/null
printf 'SELINUX=enforcing\nSELINUXTYPE=gone\n' >bad/etc/selinux/config
fails_with "a broken policy of the base" "^error: SELinux policy in bad: no etc/selinux/gone" c -P bad
is "nothing was committed" "$(u rev-parse main)" "$before"

# --- a policy that isn't in force

rm -rf off && cp -a pol off
for config in 'SELINUX=disabled\nSELINUXTYPE=p\n' 'SELINUXTYPE=p\n' 'SELINUX=disabled\n' '#SELINUX=enforcing\nSELINUXTYPE=p\n'; do
  # shellcheck disable=SC2059
  printf "$config" >off/etc/selinux/config
  is "labels nothing: $config" "$(u commit --orphan --timestamp=@1 --selinux-policy=off tree)" "$(u commit --orphan --timestamp=@1 tree)"
done

# --- the host's

if [ -e /etc/selinux/config ] || [ -e /sys/fs/selinux ]; then
  skip "nothing of the host is read" "the host has SELinux"
else
  mkdir -p "$T/host"
  need_cmd unshare
  ok "with a policy in /etc of the host" unshare -m sh -c '
    mkdir host/selinux && mount -t tmpfs t /etc/selinux && mkdir -p /etc/selinux/p/contexts/files \
      && printf "SELINUX=enforcing\nSELINUXTYPE=p\n" >/etc/selinux/config && echo "/.* s:o:host" >/etc/selinux/p/contexts/files/file_contexts \
      && echo "/usr /etc" >/etc/selinux/p/contexts/files/file_contexts.subs \
      && "$1" --repo=r commit -b main --no-bindings --selinux-policy=pol tree' - "$UNDERLAY"
  is "labels are the tree's" "$(label /usr) $(label /etc)" "s:o:base s:o:etc"
fi

done_testing
