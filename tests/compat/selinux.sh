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

# Where attributes are kept as bytes the order is a part of the object, which is sound; a directory's are always.
theirs () { "$UNDERLAY" --repo="$T/peer.$mode" "$@"; }
same_listing_of_theirs () { is "$mode: $1" "$(theirs ls -R -C -X odd)" "$(peer ls -R -C -X odd)"; }
mkdir odd/d && setfattr -n user.note -v hi odd/d
ln -s f odd/l && setfattr -h -n trusted.note -v hi odd/l
ln -s f odd/plain
peer commit -b odd --selinux-policy=pol odd
is "the peer's directories in a bare repository" "$(theirs ls -R -d -X odd | sed -n 's/^d.*{/{/p')" \
  "$(peer ls -R -d -X odd | sed -n 's/^d.*{/{/p')"
run theirs fsck --all
is "its files are corrupt, and nothing else" "$(grep -c 'fsck content object.*Corrupted' <<<"$err")" 2
for m in archive bare-user; do
  init_both $m
  peer commit -b odd --selinux-policy=pol odd
  like "$m: the peer has them out of order" "$(peer ls -X odd /f)" "user.note.*security.selinux"
  ok "$m: is sound" theirs fsck
  same_listing_of_theirs "is listed alike"
  rm -rf out out.peer
  peer checkout odd out.peer
  ok "$m: checkout" theirs checkout odd out
  same_tree "$m: is alike" out out.peer
  ok "$m: which is verified" theirs verify out odd
  before=$(stat -c %i out/f out/l)
  ok "$m: over itself" theirs checkout --union odd out
  is "$m: is left alone" "$(stat -c %i out/f out/l)" "$before"
  ok "$m: checkout with labels" theirs checkout --selinux-policy=pol odd out.labels
  is "$m: has the same ones" "$(getfattr -d -m - out.labels/f | tail -n +2)" "$(getfattr -d -m - out/f | tail -n +2)"
  for to in archive bare-user bare-split-xattrs; do
    "$UNDERLAY" init --repo="$m.$to" --mode=$to
    ok "$m: pull-local into $to" "$UNDERLAY" pull-local --untrusted --repo="$m.$to" "$T/peer.$m" odd
    ok "$m: which is sound" "$UNDERLAY" fsck --repo="$m.$to"
    ok "$m: for the peer, too" "$OSTREE" fsck --repo="$m.$to"
    is "$m: and the same" "$("$UNDERLAY" ls --repo="$m.$to" -R -C -X odd)" "$(theirs ls -R -C -X odd)"
  done
  "$UNDERLAY" init --repo="$m.bare" --mode=bare
  fails_with "$m: pull-local into bare" "xattrs out of order, which a repository of mode bare can't keep$" \
    "$UNDERLAY" pull-local --repo="$m.bare" "$T/peer.$m" odd
  is "$m: leaves nothing there" "$(find $m.bare/objects -type f)" ""
  ok "$m: a commit on it with a policy" theirs commit -b again --base=odd --tree=ref=odd --selinux-policy=pol
  like "$m: has them in order" "$(theirs ls -X again /f)" "security.selinux.*user.note"
  ok "$m: is sound, too" "$OSTREE" fsck --repo="$T/peer.$m"
  rm -rf out.labels
done

# A repository of mode bare-user-only has no xattrs of files: the peer calls them by checksums with a label.
init_both bare-user-only
peer commit -b main --selinux-policy=pol tree
nok "the peer's labels in bare-user-only" peer fsck
ours commit -b main --selinux-policy=pol tree
ok "ours is sound, too" "$OSTREE" fsck --repo="$T/ours.$mode"
is "directories are labelled alike" "$(ours ls -R -d -X main | sed -n 's/^d.*{/{/p')" "$(peer ls -R -d -X main | sed -n 's/^d.*{/{/p')"

# --- at checkout

# Where the kernel has no SELinux the peer labels regular files only: labels of all types are compared with a checkout
# of its labelled commit. Only at commit it takes /proc for /mnt.
labels ()
{
  (cd "$1" && find . "${@:2}" -print0 | sort -z | xargs -0 getfattr -h -n security.selinux 2>/dev/null | sed 's/\\000"$/"/') || true
}
both_label ()
{
  local name=$1
  rm -rf out.ours out.peer
  ok "$name: ours" ours checkout --selinux-policy=pol --skip-list=unlabelled "${@:2}" main out.ours
  ok "$name: the peer" peer checkout --selinux-policy=pol --skip-list=unlabelled "${@:2}" main out.peer
  is "$name: files are labelled alike" "$(labels out.ours -type f)" "$(labels out.peer -type f)"
  like "$name: with something" "$(labels out.ours -type f)" "object_r"
  same_tree "$name: all else is alike" out.ours out.peer --no-xattr-prefix=security.selinux
}

# Of these the policy says <<none>>, which the peer crashes at.
printf "%s\n" /proc/x /tmp/x /run/x /var/run/x >unlabelled
: >tree/etc/.ostree-wh.shadow
chmod 600 tree/etc/.ostree-wh.shadow
for m in bare bare-user archive; do
  init_both $m
  agree "$m: a commit without a policy" commit -b main --timestamp=$WHEN tree
  both_label "$m: checkout"
  both_label "$m: --selinux-prefix" --selinux-prefix=/usr
  both_label "$m: --subpath" --subpath=/usr
  both_label "$m: both" --subpath=/usr/etc --selinux-prefix=/etc
  both_label "$m: a file" --subpath=/etc/shadow
  both_label "$m: a file with a prefix" --subpath=/usr/etc/shadow --selinux-prefix=/etc/shadow
  peer commit -b labelled --selinux-policy=pol tree
  rm -rf out.ours out.peer
  ours checkout --selinux-policy=pol main out.ours
  peer checkout -C labelled out.peer
  is "$m: every type is labelled as the peer's commit has it" "$(labels out.ours)" "$(labels out.peer)"
  refuse "$m: with hardlinks" "Cannot specify both --require-hardlinks and --selinux-policy" \
    checkout -H --selinux-policy=pol main x
  refuse "$m: a prefix alone" "Cannot specify --selinux-prefix without --selinux-policy" checkout --selinux-prefix=/x main x
  refuse "$m: no policy there" "SELinux policy in nope" checkout --selinux-policy=nope main x
done

done_testing
