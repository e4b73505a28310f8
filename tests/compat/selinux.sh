#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Labels by both tools, with the file contexts of Debian's selinux-policy-default.
. "$(dirname "$0")/common.sh"
need_cmd python3 dpkg-deb

deb=$(compgen -G '/var/cache/underlay-test/selinux-policy-default_*.deb' || true)
[ -n "$deb" ] || skip_all "no selinux-policy-default in /var/cache/underlay-test (build-aux/packages.sh)"
debian-policy "$deb" pol

both ()
{
  local name=$1
  shift
  agree "$name" commit -b main --timestamp=$WHEN "$@"
  ok "$name: both are sound" eval 'ours fsck && "$OSTREE" fsck --repo="$T/ours.$mode"'
}

mkdir -p tree/{bin,etc/{ssh,systemd/system,init.d},usr/{bin,sbin,lib64,lib/systemd/system,lib/x86_64-linux-gnu,etc/ssh,share/man/man1}} \
  tree/{home/joe/.ssh,root,var/{lib/containers/storage,run,log/private,tmp},proc,sys,run,tmp,dev,boot,lost+found,opt,srv/www}
cd tree
for i in bin/sh etc/{passwd,shadow,ssh/ssh_host_rsa_key,systemd/system/x.service,init.d/ssh} usr/bin/{passwd,bash,vi} \
  usr/sbin/{sshd,init} usr/lib64/ld.so.1 usr/lib/systemd/{systemd,system/sshd.service} usr/lib/x86_64-linux-gnu/libc.so.6 \
  usr/etc/{passwd,shadow} home/joe/{.bashrc,.ssh/id} root/.bashrc var/log/{wtmp,messages,private/x} var/run/x proc/x \
  tmp/x boot/vmlinuz srv/www/index.html usr/share/man/man1/x.1; do
  echo "$i" >"$i"
done
ln -s usr/lib lib
ln -s bash usr/bin/rbash
ln etc/passwd usr/bin/hard
setcap cap_net_raw=ep usr/bin/vi
setfattr -n security.selinux -v system_u:object_r:old_t:s0 etc/passwd proc/x
mkdir "new"$'\n'"line" && echo x >"new"$'\n'"line/f"
for i in usr/bin/{a..z}{0..9} usr/lib/{a..e}.so.{1..9} etc/{a..z}.conf; do printf '%s' "$i" >"$i"; done
cd ..

for m in bare bare-user archive; do
  init_both $m
  both "$m" --selinux-policy=pol tree
  same_listing "$m: the listing" main
  both "$m: --no-xattrs" --selinux-policy=pol --no-xattrs tree
  both "$m: --canonical-permissions" --selinux-policy=pol --canonical-permissions tree
done

init_both bare
mkdir -p base/usr etcbase && cp -a pol/etc base/usr/ && cp -a pol/etc etcbase/
agree "a base" commit -b base --timestamp=$WHEN base
both "-P --base" -P --base=base tree
both "-P, a directory" -P --tree=dir=etcbase --tree=dir=tree
both "-P, a commit" -P --tree=ref=base --tree=dir=tree
both "-P, none there" -P --tree=dir=tree --tree=dir=etcbase
both "--link-checkout-speedup" --link-checkout-speedup --selinux-policy=pol tree

# Where a file has an xattr whose name comes after security.selinux, the peer appends the label: its own fsck then
# finds bare objects corrupt. Ours are in order.
mkdir odd && echo x >odd/f && setfattr -n user.note -v hi odd/f
peer commit -b odd --selinux-policy=pol odd
nok "the peer's object of a file with user xattrs" peer fsck
ours commit -b odd --selinux-policy=pol odd
ok "ours is sound" "$OSTREE" fsck --repo="$T/ours.$mode"

# A repository of mode bare-user-only has no xattrs of files: the peer calls them by checksums with a label.
init_both bare-user-only
peer commit -b main --selinux-policy=pol tree
nok "the peer's labels in bare-user-only" peer fsck
ours commit -b main --selinux-policy=pol tree
ok "ours is sound, too" "$OSTREE" fsck --repo="$T/ours.$mode"
is "directories are labelled alike" "$(ours ls -R -d -X main | sed -n 's/^d.*{/{/p')" "$(peer ls -R -d -X main | sed -n 's/^d.*{/{/p')"

done_testing
