# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees from commits and directories, composed in any order: the commit checksums of the peer.
. "$(dirname "$0")/common.sh"
make_odd odd

mkdir -p base/bin base/etc/dir base/var
printf '#!/bin/sh\n' >base/bin/run && chmod 0775 base/bin/run
printf 'a' >base/bin/setuid && chmod 4755 base/bin/setuid
printf 'conf' >base/etc/conf && chown 10:20 base/etc/conf
printf 'x' >base/etc/dir/x && setfattr -n user.note -v v base/etc/dir/x
ln -s run base/bin/alias
head -c 5000000 /dev/zero | tr '\0' q >base/var/large
chmod 1777 base/var
setfattr -n trusted.note -v d base/var
mkdir -p over/etc/dir over/new && printf 'conf2' >over/etc/conf && printf y >over/etc/dir/y && printf n >over/new/n
chmod 0700 over/etc
mkdir -p file-on-dir dir-on-file/bin/run && printf z >file-on-dir/etc

tree () { agree "$m: $*" commit --orphan --timestamp=$WHEN "$@"; }

for m in bare archive bare-user bare-user-only; do
  init_both "$m"
  for t in odd base over file-on-dir dir-on-file; do
    [ "$m:$t" = bare-user-only:odd ] || agree "$m: the commit of $t" commit -b $t --timestamp=$WHEN $t
  done
  [ "$m" = bare-user-only ] || tree --tree=ref=odd
  for trees in 'ref=base' 'ref=base ref=over' 'ref=over ref=base' 'dir=base ref=over' 'ref=base dir=over' \
               'ref=base ref=over dir=base' 'ref=base ref=base'; do
    # shellcheck disable=SC2086
    set -- $trees
    set -- "${@/#/--tree=}"
    tree "$@"
    tree --base=over "$@"
    tree --owner-uid=7 "$@"
  done
  for changed in --owner-gid=8 --canonical-permissions --mode-ro-executables --no-xattrs --consume; do
    tree --tree=ref=base $changed
    tree --tree=ref=base --tree=ref=over $changed
  done
  printf '%s\n' '=384 /etc/conf' '511 /bin/run' '511 /etc/dir' '=448 /var' '=449 /' >override
  tree --tree=ref=base --statoverride=override
  tree --tree=ref=base --tree=ref=over --statoverride=override
  printf '%s\n' /etc/conf /bin >skip
  tree --tree=ref=base --skip-list=skip
  tree --tree=ref=base --skip-list=skip --owner-uid=7
  [ "$m" = bare-user-only ] || tree --tree=ref=odd --owner-uid=7
  refuse "$m: a file over a directory" "Can't replace directory with file: etc" commit --orphan --tree=ref=base --tree=ref=file-on-dir
  refuse "$m: a directory over a file" "Can't replace file with directory: run" commit --orphan --tree=ref=base --tree=ref=dir-on-file
  refuse "$m: no such commit" "Refspec 'nope' not found" commit --orphan --tree=ref=nope
  ok "$m: sound for the peer" "$OSTREE" --repo="ours.$m" fsck
done

done_testing
