# SPDX-License-Identifier: LGPL-2.1-or-later
# What a commit is made of: directories, commits and archives, laid over each other.
. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }
u init --mode=archive

# --- a commit as a tree

mkdir -p base/etc base/usr/bin over/etc
echo one >base/etc/conf && echo tool >base/usr/bin/tool && chmod 755 base/usr/bin/tool
echo two >over/etc/conf && echo new >over/etc/new
u commit -b base base && u commit -b over over
ok "a commit as a tree" u commit -b same --tree=ref=base
is "is the same tree" "$(u ls -RC same)" "$(u ls -RC base)"
ok "two commits" u commit -b both --tree=ref=base --tree=ref=over
is "the later wins" "$(u cat both /etc/conf /etc/new /usr/bin/tool)" $'two\nnew\ntool'
ok "a commit over a directory" u commit -b mixed --tree=dir=base --tree=ref=over
is "is no different" "$(u ls -RC mixed)" "$(u ls -RC both)"
ok "a directory over a commit" u commit -b mixed --tree=ref=base --tree=dir=over
is "neither" "$(u ls -RC mixed)" "$(u ls -RC both)"
ok "a base below them" u commit -b mixed --base=base --tree=ref=over
is "nor that" "$(u ls -RC mixed)" "$(u ls -RC both)"

ok "with another owner" u commit -b owned --tree=ref=base --owner-uid=7 --owner-gid=8
is "of everything" "$(u ls -R owned | awk '{ print $2, $3 }' | sort -u)" "7 8"
is "and the same content" "$(u cat owned /usr/bin/tool)" tool
echo /etc >skip
ok "without a part" u commit -b less --tree=ref=base --skip-list=skip
is "it isn't there" "$(u ls -R --nul-filenames-only less | tr '\0' ' ')" "/ /usr /usr/bin /usr/bin/tool "
ok "which several have" u commit -b less --tree=ref=base --tree=dir=over --skip-list=skip
is "is in none" "$(u ls -R --nul-filenames-only less | tr '\0' ' ')" "/ /usr /usr/bin /usr/bin/tool "
echo /nope >skip
fails_with "a path to leave out that isn't there" "Unmatched skip-list paths: /nope" u commit -b less --tree=ref=base --skip-list=skip

# Objects that nothing changes aren't read, not even opened: they may be missing.
find r/objects -name '*.filez' -delete
ok "no file of a commit is read" u commit -b unread --tree=ref=base --tree=ref=over
ok "not to leave some out" u commit -b unread --tree=ref=base --skip-list=<(echo /etc)
echo '511 /etc/conf' >override
fails_with "one whose mode changes is" "base: /etc/conf: " u commit -b read --tree=ref=base --statoverride=override

rm -r r && u init
u commit -b base base
mkdir -p over/usr/bin && touch over/usr/bin/.ostree-wh.tool
u commit -b marker over
ok "a marker and what it deletes, if nobody asked" u commit -b x --tree=ref=base --tree=ref=marker
for trees in 'ref=base ref=marker' 'ref=marker ref=base' 'ref=marker dir=base'; do
  # shellcheck disable=SC2086
  set -- $trees
  fails_with "whiteouts of what comes with it: $trees" "both tool and a whiteout of it come together" \
    u commit -b x --retarget-whiteouts "${@/#/--tree=}"
done

fails_with "no such commit" "Refspec 'nope' not found" u commit -b x --tree=ref=nope
rm -rf flat && mkdir flat && touch flat/etc && u commit -b flat flat
fails_with "a file over a directory" "flat: /: Can't replace directory with file: etc" u commit -b x --tree=ref=base --tree=ref=flat
fails_with "a directory over a file" "base: /: Can't replace file with directory: etc" u commit -b x --tree=ref=flat --tree=ref=base

# --- an archive as a tree

rm -rf r over flat && u init
tar () { "$SRC/tests/lib/mktar" x.tar pax "$@"; }
from_tar () { u commit --orphan --tree=tar=x.tar "$@"; }
paths () { u ls -R --nul-filenames-only "$1" | tr '\0' ' '; }
# gives NAME WANT OPTION...: the paths of the tar's commit
gives () { local c; c=$(from_tar "${@:3}") && is "$1" "$(paths "$c")" "$2"; }

tar 'd|.||mode=750|uid=3' 'd|./etc' 'f|./etc/conf|one|mode=600' 'l|link|etc/conf' 'h|hard|etc/conf'
c=$(from_tar)
is "an archive" "$(u ls -R "$c" | sed 's/  */ /g')" 'd00750 3 0 0 /
-00600 0 0 3 /hard
l00777 0 0 0 /link -> etc/conf
d00755 0 0 0 /etc
-00600 0 0 3 /etc/conf'
is "on standard input" "$(u commit --orphan --timestamp=@0 --tree=tar=- <x.tar)" "$(from_tar --timestamp=@0)"
is "through a pipe" "$(cat x.tar | u commit --orphan --timestamp=@0 --tree=tar=-)" "$(from_tar --timestamp=@0)"
for z in gzip bzip2 xz zstd lz4; do
  $z <x.tar >x.tar.z
  is "packed by $z" "$(u commit --orphan --timestamp=@0 --tree=tar=x.tar.z)" "$(from_tar --timestamp=@0)"
done
u commit -b base base
c=$(u commit --orphan --tree=ref=base --tree=tar=x.tar)
is "an archive over a commit" "$(u cat "$c" /etc/conf /hard /usr/bin/tool)" $'oneonetool'
c=$(u commit --orphan --tree=tar=x.tar --tree=dir=base)
is "a directory over an archive" "$(u cat "$c" /etc/conf /hard)" $'one\none'

tar 'd|.' 'f|/abs/olute|1' 'd|abs'
fails_with "a directory without an entry" "^error: x.tar: /abs/olute: No such file or directory: abs$" from_tar
gives "one is made" "/ /abs /abs/olute " --tar-autocreate-parents
tar 'f|a|1'
fails_with "no entry for the root" "Can't commit an empty tree" from_tar
gives "it is made" "/ /a " --tar-autocreate-parents
for bad in 'f|../a|1' 'f|a/../b|1' 'f|..|1' 'h|a|../b' 'd|a/..'; do
  tar 'd|.' 'd|a' "$bad"
  fails_with "$bad leads out" "invalid filename '\.\.'" from_tar
done
tar 'd|.' $'f|\xff|1'
fails_with "a name that is no UTF-8" "^error: x.tar: .*\xff|converted|UTF-8" from_tar
tar 'd|.' 'f|Grüße|1' 'l|ß|ü'
is "UTF-8 without a locale" "$(u ls -R --nul-filenames-only "$(LC_ALL=C u commit --orphan --tree=tar=x.tar)" | tr '\0' ' ')" "/ /Grüße /ß "

tar 'd|.' 'f|a|1' 'f|a|2' 'l|b|x' 'f|b|3'
c=$(from_tar)
is "the later entry of a name counts" "$(u cat "$c" /a /b)" 23
tar 'd|.' 'f|a|1' 'd|a'
fails_with "a directory in place of a file" "x.tar: /a: Can't replace file with directory: a" from_tar
tar 'd|.' 'd|a' 'f|a|1'
fails_with "a file in place of a directory" "x.tar: /a: Can't replace directory with file: a" from_tar
tar 'd|.' 'f|a|1' 'f|a/b|1'
fails_with "below a file" "x.tar: /a/b: Not a directory: a" from_tar

# --- hardlinks

tar 'd|.' 'd|d' 'h|d/third|second' 'h|second|first' 'h|first|file' 'f|file|x'
c=$(from_tar)
is "links before their target, in a chain" "$(u cat "$c" /d/third /second /first /file)" xxxx
tar 'd|.' 'f|a|1' 'h|b|a' 'f|a|2'
c=$(from_tar)
is "a link is what its target was" "$(u cat "$c" /a /b)" 21
tar 'd|.' 'f|a|1' 'h|a|a' 'h|b|a'
c=$(from_tar)
is "a file archived twice, which links to itself then" "$(u cat "$c" /a /b)" 11
tar 'd|.' 'd|dir' 'h|dir/c|usr/bin/tool'
c=$(u commit --orphan --tree=ref=base --tree=tar=x.tar)
is "a target in the tree below" "$(u cat "$c" /dir/c)" tool
tar 'd|.' 'h|a|b' 'h|b|c' 'h|c|a'
fails_with "a circle" "x.tar: /a: hardlink to /b, which leads back to it" from_tar
tar 'd|.' 'h|a|nope'
fails_with "a target that isn't there" "x.tar: /a: hardlink to /nope, which isn't there" from_tar
tar 'd|.' 'd|d' 'h|a|d'
fails_with "a directory as target" "x.tar: /a: hardlink to /d, a directory" from_tar
(cd base && find . | cpio -o -H newc >../x.tar)
c=$(from_tar)
is "a cpio archive" "$(u ls -RC "$c")" "$(u ls -RC base)"

# --- other names

tar 'd|.' 'd|old' 'f|old/a|1' 'h|b|old/a' 'l|c|old'
c=$(from_tar '--tar-pathname-filter=^old,new')
is "--tar-pathname-filter" "$(u ls -R --nul-filenames-only "$c" | tr '\0' ' ')" "/ /b /c /new /new/a "
is "not in what a symlink says" "$(u ls "$c" /c)" "l00777 0 0      0 /c -> old"
fails_with "one with no comma" "Missing ',' in --tar-pathname-filter" from_tar --tar-pathname-filter=x
fails_with "one that is no regular expression" "^error: --tar-pathname-filter: " from_tar '--tar-pathname-filter=(,x'
fails_with "one with a wrong replacement" "^error: --tar-pathname-filter: " from_tar '--tar-pathname-filter=a,\q'
fails_with "one that leads out" "renamed: invalid filename '\.\.'" from_tar '--tar-pathname-filter=^old,../x'
echo /old >skip
tar 'd|.' 'd|old' 'f|old/a|1' 'f|b|1'
gives "--skip-list, with all below" "/ /b " --skip-list=skip
tar 'd|.' 'd|d' 'f|d/a|1|mode=640' 'h|b|d/a'
printf '=384 /d/a\n511 /b\n=448 /d\n' >override
c=$(from_tar --statoverride=override --owner-uid=5)
is "modifiers" "$(u ls -R "$c" | awk '{ print $1, $2, $5 }')" 'd00755 5 /
-00600 5 /b
d00700 5 /d
-00600 5 /d/a'

# --- what can't be stored

tar 'd|.' 'c|dev||dev=1,3' 'p|fifo' 'f|a|1' 'b|disk||dev=8,0'
fails_with "devices, all of them" "x.tar: Not a regular file or symlink: /dev, /disk, /fifo$" from_tar
gives "they are left out" "/ /a " --devices=skip
printf '%0500d' 7 >garbage
fails_with "no archive" "^error: garbage: Unrecognized archive format" u commit -b x --tree=tar=garbage
fails_with "nothing at all" "^error: standard input: Unrecognized archive format" u commit -b x --tree=tar=- </dev/null
fails_with "no such file" "^error: nope: open: No such file" u commit -b x --tree=tar=nope
mkdir directory
fails_with "a directory" "^error: directory: open: Is a directory" u commit -b x --tree=tar=directory
printf '#mtree\n./passwd type=file contents=/etc/passwd\n' >list
fails_with "a list of files of this host" "Unrecognized archive format" u commit -b x --tree=tar=list --tar-autocreate-parents
# Its length is no word of a command line.
python3 - <<'END'
import tarfile
with tarfile.open("x.tar", "w", format=tarfile.GNU_FORMAT) as tar:
    tar.addfile(tarfile.TarInfo("/".join(["%0250d" % i for i in range(4000)] + ["f"])))
END
ok "long names, deep" memory-below 400 "$UNDERLAY" --repo=r commit --orphan --tree=tar=x.tar --tar-autocreate-parents
# "bB" and "c!" have the same g_str_hash (), and so has what they are put together to.
python3 - <<'END'
import itertools, tarfile
with tarfile.open("x.tar", "w", format=tarfile.GNU_FORMAT) as tar:
    for name in itertools.islice(itertools.product(["bB", "c!"], repeat=16), 40000):
        tar.addfile(tarfile.TarInfo("".join(name)))
END
ok "names of one hash" timeout 8 "$UNDERLAY" --repo=r commit --orphan --tree=tar=x.tar --tar-autocreate-parents
tar 'd|.' 'f|small|x|size=3000' 'f|large|y|size=9000000' 'f|last|z'
for at in 700 3000 5000000 9003900; do
  head -c $at x.tar >cut.tar
  for j in 1 4; do
    fails_with "cut off at $at, --jobs=$j" "^error: cut.tar: .*(runcated|Damaged)" u commit -b x -j$j --tree=tar=cut.tar
  done
done
is "left no ref" "$(u refs)" base
is "nor anything staged" "$(find r/tmp -mindepth 1 -name 'staging-*' | wc -l)" 0

# --- whiteouts

tar 'd|.' 'd|d' 'c|gone||dev=0,0|mode=600|uid=4' 'f|d/.wh.deleted' 'f|d/.wh..wh..opq' 'f|d/new|1' 'f|.wh.full|x'
fails_with "a device 0:0" "Not a regular file or symlink: /gone \(a whiteout\)" from_tar
c=$(from_tar --retarget-whiteouts)
is "--retarget-whiteouts" "$(u ls -RX "$c" | sed 's/  */ /g; s/{ @a(ayay) \[\] } //')" "d00755 0 0 0 /
-00600 4 0 0 /.ostree-wh.gone
-00644 0 0 1 /.wh.full
d00755 0 0 0 { [(b'trusted.overlay.opaque', [byte 0x79])] } /d
-00644 0 0 0 /d/.ostree-wh.deleted
-00644 0 0 1 /d/new"
tar 'd|.' 'd|d' 'f|d/.wh.deleted' 'f|d/.wh..wh..opq'
gives "else they are files" "/ /d /d/.wh..wh..opq /d/.wh.deleted "
for both in 'f|a f|.wh.a' 'f|.wh.a f|a' 'd|a f|.wh.a' 'f|.wh.a d|a' 'f|.wh.a f|a/b'; do
  # shellcheck disable=SC2086
  tar 'd|.' $both
  fails_with "a name beside its whiteout: $both" "both a and a whiteout of it come together" \
    from_tar --retarget-whiteouts --tar-autocreate-parents
done
tar 'd|.' 'f|.wh.tool' 'f|.ostree-wh.tool'
fails_with "a whiteout beside its marker" "both whiteout tool and its marker .ostree-wh.tool are there" from_tar --retarget-whiteouts
tar 'd|usr' 'd|usr/bin' 'f|usr/bin/.wh.tool'
fails_with "a whiteout of what another tree has" "both tool and a whiteout of it come together" \
  u commit --orphan --tree=ref=base --tree=tar=x.tar --retarget-whiteouts
tar 'd|.' 'f|d/.wh..wh..opq'
fails_with "opaque, and no entry for it" "/d: opaque, but the archive has no entry" from_tar --retarget-whiteouts --tar-autocreate-parents
tar 'd|.||SCHILY.xattr.trusted.overlay.opaque=y'
fails_with "opaque, which can't be stored" "x.tar: /: directory is opaque, which can't be stored without xattrs" from_tar --retarget-whiteouts --no-xattrs
tar 'd|.' 'f|a||SCHILY.xattr.trusted.overlay.metacopy='
fails_with "half a file" "a: xattr trusted.overlay.metacopy: only the overlay mount" from_tar --retarget-whiteouts

# --- labels

mkdir -p policy/etc/selinux/mine/contexts/files labelled/d && printf 'SELINUX=permissive\nSELINUXTYPE=mine\n' >policy/etc/selinux/config
printf '%s\n' '/.* a:b:any:s0' '/d(/.*)? a:b:dir:s0' '/d/f -- a:b:file:s0' '/d/gone -c a:b:device:s0' \
  >policy/etc/selinux/mine/contexts/files/file_contexts
tar 'd|.' 'd|d' 'f|d/f|x' 'l|d/l|f' 'f|d/.wh.gone' 'h|z|d/f'
c=$(from_tar --selinux-policy=policy --retarget-whiteouts)
is "of what is in an archive, a whiteout as the device" "$(u ls -RX "$c" | sed -E "s/.*'(a:b:[a-z]*).* (\/[^ ]*).*/\1 \2/" | sed 's/ ->.*//')" \
  'a:b:any /
a:b:file /z
a:b:dir /d
a:b:device /d/.ostree-wh.gone
a:b:file /d/f
a:b:dir /d/l'

# --- xattrs and ACLs

tar 'd|.' 'f|a|1|SCHILY.xattr.user.b=1|SCHILY.xattr.user.a=2' 'f|b|1|LIBARCHIVE.xattr.user.x=MTIz|SCHILY.xattr.user.x=123' 'f|c|1|SCHILY.xattr.user.x='
c=$(from_tar)
is "xattrs, sorted, each once" "$(u ls -RX "$c" | sed 1d)" "-00644 0 0      1 { [(b'user.a', [byte 0x32]), (b'user.b', [0x31])] } /a
-00644 0 0      1 { [(b'user.x', [byte 0x31, 0x32, 0x33])] } /b
-00644 0 0      1 { @a(ayay) [] } /c"
tar 'd|.' 'f|a|1|mode=664|SCHILY.acl.access=user::rw-,user:bin:rw-:2,group::r--,mask::rw-,other::r--'
c=$(from_tar)
is "an ACL" "$(u ls -RX "$c" | sed 1d | tr -d ' ')" "-00664001{[(b'system.posix_acl_access',[byte0x02,0x00,0x00,0x00,0x01,0x00,0x06,0x00,0xff,0xff,0xff,0xff,0x02,0x00,0x06,0x00,0x02,0x00,0x00,0x00,0x04,0x00,0x04,0x00,0xff,0xff,0xff,0xff,0x10,0x00,0x06,0x00,0xff,0xff,0xff,0xff,0x20,0x00,0x04,0x00,0xff,0xff,0xff,0xff])]}/a"
tar 'd|.' 'f|a|1|mode=664|SCHILY.acl.access=user::rw-,user:bin:rw-,group::r--,mask::rw-,other::r--'
fails_with "one for a name without a number" "a: the ACL names bin without a number" from_tar
ok "unless it goes" from_tar --no-xattrs

# --- sizes

rm -rf r && u init --mode=archive
mkdir -p sizes/dir && echo hello >sizes/a && echo hello >sizes/dir/again && ln -s target sizes/l
ok "--generate-sizes" u commit -b sizes --generate-sizes sizes
is "what it takes" "$(u show --print-sizes sizes | tail -1)" "Number of objects (needed/total): 0/5"
find r/objects -name '*.filez' -delete
is "what of it is needed" "$(u show --print-sizes sizes | sed 's/\xc2\xa0/ /g' | tail -2)" \
  "Unpacked size (needed/total): 12 bytes/$((12 + $(cat r/objects/*/*.dir{tree,meta} | wc -c))) bytes
Number of objects (needed/total): 2/5"
fails_with "a commit without" "^error: No metadata key ostree.sizes in commit" u show --print-sizes "$(u commit --orphan sizes)"
rm -rf r && u init
u commit -b sizes --generate-sizes sizes
fails_with "none but of an archive" "No metadata key ostree.sizes in commit" u show --print-sizes sizes

done_testing
