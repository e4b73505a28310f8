# SPDX-License-Identifier: LGPL-2.1-or-later
# Archives as trees: the commit checksums of the peer for what GNU tar, bsdtar, cpio and Python make.
. "$(dirname "$0")/common.sh"
need_cmd bsdtar setfacl cpio zip bzip2 xz zstd lz4
make_odd odd
# Of an archive the peer stores an empty xattr, which makes an object of a bare repository corrupt.
# Several it stores in the archive's order, which is that of the file system here, not sorted.
rm -rf odd/xattrs/empty odd/xattrs/many odd/deep
setfattr -x trusted.note odd/xattrs/dir
setfattr -x user.overlay.opaque odd/xattrs/overlay

mkdir -p base/etc && printf x >base/etc/conf && ln -s conf base/etc/link && chmod 700 base

tree () { agree "$m: $*" commit --orphan --timestamp=$WHEN "$@"; }

for f in gnu oldgnu pax ustar; do
  case $f in gnu | oldgnu | pax) from=odd ;; *) from=base ;; esac
  tar --format=$f --sparse -C $from -cf gnu.$f.tar . 2>/dev/null || tar --format=$f -C base -cf gnu.$f.tar .
done
tar --format=pax --xattrs --xattrs-include='*' -C odd -cf xattrs.tar .
# (Nor a symlink's mode, which is not 0777 in an ISO image.)
for f in ustar newc odc zip iso9660; do [ $f != iso9660 ] || rm base/etc/link; bsdtar --format=$f -C base -cf bsd.$f .; done
bsdtar --format=pax --no-xattrs --no-acls -C odd -cf bsd.pax .
(cd odd && find . -print0 | cpio --quiet -0 -o -H newc --reproducible) >hard.cpio 2>/dev/null
mktar=$SRC/tests/lib/mktar
"$mktar" links.tar pax 'd|.' 'd|d' 'h|d/early|late' 'f|late|x' 'h|again|late' 'l|sym|late' 'h|hard|sym'
"$mktar" odd.tar gnu 'd|./' 'f|./a|1' 'f|a|2' 'd|d|' 'd|d||mode=700|uid=4' 'f|.//d///b|3' 'f|/abs|4' 'f|d/./c|5'
"$mktar" parents.tar pax 'f|a/b/c|1' 'd|a||mode=711|uid=3' 'f|x/y|1|mode=4755'
"$mktar" modes.tar pax 'd|.||mode=7777' 'f|a|1|mode=7777' 'f|b|1|mode=0' 'f|c|1|mode=107644|uid=4294967294'
"$mktar" names.tar pax 'd|.' 'f|Grüße|1' $'f|new\nline|2' "f|$(name255)|3" 'l|ß|ü' 'h|é|Grüße'
"$mktar" large.tar pax 'd|.' 'f|0|' 'f|1|x|size=1048576' 'f|2|x|size=1048577' 'f|3|x|size=4194304' 'f|4|x|size=4194305' 'f|5|x|size=9000001'

for m in bare archive bare-user; do
  init_both "$m"
  agree "$m: base" commit -b base --timestamp=$WHEN base
  for t in gnu.gnu.tar gnu.oldgnu.tar gnu.pax.tar gnu.ustar.tar bsd.ustar bsd.newc bsd.odc bsd.zip bsd.iso9660 \
           bsd.pax xattrs.tar hard.cpio links.tar odd.tar modes.tar names.tar large.tar; do
    tree --tree=tar=$t
  done
  tree --tree=tar=parents.tar --tar-autocreate-parents
  tree --tree=tar=parents.tar --tar-autocreate-parents --owner-uid=7 --mode-ro-executables
  tree --tree=tar=xattrs.tar --no-xattrs
  tree --tree=tar=xattrs.tar --canonical-permissions
  tree --tree=ref=base --tree=tar=links.tar
  tree --tree=tar=links.tar --tree=dir=base
  tree --base=base --tree=tar=odd.tar --tree=ref=base
  tree --tree=tar=odd.tar '--tar-pathname-filter=^d,x'
  tree --tree=tar=odd.tar '--tar-pathname-filter=(a)(b),\2\1'
  ok "$m: sound for the peer" "$OSTREE" --repo="ours.$m" fsck
done

init_both bare-user-only
m=bare-user-only
tree --tree=tar=links.tar
tree --tree=tar=xattrs.tar

m=bare
init_both bare
for z in gzip bzip2 xz zstd lz4 compress; do
  bsdtar --$z -C base -cf packed.$z . && tree --tree=tar=packed.$z
done
want=$(peer commit --orphan --timestamp=$WHEN --tree=tar=packed.xz)
is "on standard input" "$(ours commit --orphan --timestamp=$WHEN --tree=tar=- <packed.xz)" "$want"
is "through a pipe" "$(cat packed.xz | ours commit --orphan --timestamp=$WHEN --tree=tar=-)" "$want"

printf '%s\n' '511 /abs' '=448 /d' >override && tree --tree=tar=odd.tar --statoverride=override
printf '%s\n' '=384 /again' '511 /late' >override && tree --tree=tar=links.tar --statoverride=override
printf '%s\n' /abs >skip && tree --tree=tar=odd.tar --skip-list=skip
refuse "a missing parent" "No such file or directory: a" commit --orphan --tree=tar=parents.tar
"$mktar" x.tar pax 'f|a|1'
refuse "no root" "Can't commit an empty tree" commit --orphan --tree=tar=x.tar
"$mktar" x.tar pax 'd|.' 'd|a' 'f|a|1'
refuse "a file on a directory" "Can't replace directory with file: a" commit --orphan --tree=tar=x.tar
"$mktar" x.tar pax 'd|.' 'h|a|b'
refuse "a link to nothing" "hardlink" commit --orphan --tree=tar=x.tar

# What is in a directory is the same, whichever way it came.
tar --format=pax --xattrs --xattrs-include='*' -C odd -cf x.tar .
is "as the directory itself" "$(ours commit --orphan --timestamp=$WHEN --tree=tar=x.tar)" \
  "$(ours commit --orphan --timestamp=$WHEN --tree=dir=odd)"
bsdtar --format=pax -C odd -cf x.tar .
is "by bsdtar, which writes xattrs twice" "$(ours commit --orphan --timestamp=$WHEN --tree=tar=x.tar)" \
  "$(ours commit --orphan --timestamp=$WHEN --tree=dir=odd)"
mkdir acl && touch acl/f && setfacl -m u:1000:rw,g:7:r acl/f && setfacl -d -m u:1000:rx acl
bsdtar --format=pax --no-xattrs --acls -C acl -cf x.tar .
is "ACLs, too" "$(ours commit --orphan --timestamp=$WHEN --tree=tar=x.tar)" \
  "$(ours commit --orphan --timestamp=$WHEN --tree=dir=acl)"

done_testing
