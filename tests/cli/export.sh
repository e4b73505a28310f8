#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# export: what is in the archive, where it goes, and what becomes of whiteouts. Byte for byte against the peer:
# tests/compat/export.sh.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 tar

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
# list FILE: a line an entry, as Python's tarfile sees it, which is neither ours nor GNU's
list ()
{
  python3 - "$1" <<'END'
import sys, tarfile
for m in tarfile.open(sys.argv[1]):
    kind = {b"0": "file", b"1": "hard", b"2": "link", b"3": "char", b"5": "dir"}[m.type]
    device = " %d:%d" % (m.devmajor, m.devminor) if m.ischr() else ""
    xattrs = "".join(" %s=%s" % (k[13:], v) for k, v in m.pax_headers.items() if k.startswith("SCHILY.xattr."))
    print("%s %o %s%s%s%s" % (kind, m.mode, m.name, " -> " + m.linkname if m.linkname else "", device, xattrs))
END
}
# commit BRANCH COMMANDS: of a tree made by COMMANDS
commit ()
{
  rm -rf "$T/tree" && mkdir "$T/tree"
  (cd "$T/tree" && eval "$2")
  u commit -b "$1" --timestamp=@1577934245 "${@:3}" "$T/tree" >/dev/null
}

u init --mode=archive

# --- entries

commit main 'mkdir -p usr/bin etc && echo a >usr/bin/prog && chmod 4755 usr/bin/prog && ln -s ../usr etc/link &&
  cp usr/bin/prog usr/bin/again && chmod 4755 usr/bin/again && : >empty && : >empty2 && chmod 700 etc'
ok "to standard output" eval 'u export main >main.tar'
is "all entries, files of a directory first" "$(list main.tar)" "dir 755 .
file 644 empty
file 644 empty2
dir 700 etc
link 777 etc/link -> ../usr
dir 755 usr
dir 755 usr/bin
file 4755 usr/bin/again
file 4755 usr/bin/prog"
is "with the commit's time" "$(tar -tvf main.tar --full-time | awk '{ print $4, $5 }' | sort -u)" "2020-01-02 03:04:05"
is "in whole records" "$(($(stat -c %s main.tar) % 10240))" 0
for jobs in 1 2 7; do
  is "the same with $jobs jobs" "$(u export -j$jobs main | sha256sum)" "$(sha256sum <main.tar)"
done
is "--subpath" "$(u export --subpath=/usr main >sub.tar && list sub.tar)" "dir 755 .
dir 755 bin
file 4755 bin/again
file 4755 bin/prog"
is "--subpath of a file" "$(u export --subpath=usr/bin/prog main >sub.tar && list sub.tar)" "file 4755 prog"
is "--prefix is put before names as it is" "$(u export --prefix=x/y --subpath=usr/bin main >sub.tar && tar -tf sub.tar | paste -sd ' ')" \
  "x/y/ x/yagain x/yprog"
is "--prefix with a slash" "$(u export --prefix=x/ --subpath=etc main >sub.tar && tar -tf sub.tar | paste -sd ' ')" "x/ x/link"
is "--hardlinks, but empty files are each their own" "$(u export --hardlinks --prefix=p/ main >hard.tar && list hard.tar | grep -v dir)" "file 644 p/empty
file 644 p/empty2
link 777 p/etc/link -> ../usr
file 4755 p/usr/bin/again
hard 4755 p/usr/bin/prog -> p/usr/bin/again"

commit xattrs 'mkdir d && echo x >d/f && echo y >g && setfattr -n user.note -v hello d/f && setfattr -n user.two -v "=%" d/f && setfattr -n user.dir -v x d'
is "xattrs" "$(u export xattrs >x.tar && list x.tar)" "dir 755 .
file 644 g
dir 755 d user.dir=x
file 644 d/f user.two==% user.note=hello"
is "--no-xattrs" "$(u export --no-xattrs xattrs >x.tar && list x.tar | grep -c user)" 0

# --- round trips

mkdir big && head -c 5000000 /dev/urandom >big/random && head -c 3000000 /dev/zero >big/zero && : >big/empty && printf %0512d 1 >big/block
commit big "cp -r $T/big . && mkdir -p a/b/c && i=0 && while [ \$i -lt 200 ]; do echo \$i >a/b/c/\$i; i=\$((i + 1)); done &&
  mkdir -p $(printf '%0120d/%0120d' 1 2) && : >$(printf '%0120d/%0120d/%0120d' 1 2 3) && ln -s $(printf %0150d 1) long &&
  echo x >grün && setfattr -n user.x -v y grün && ln -s grün ln"
for mode in archive bare-user; do
  "$UNDERLAY" init --repo="$T/m.$mode" --mode="$mode"
  "$UNDERLAY" --repo="$T/m.$mode" commit -b big --timestamp=@1577934245 "$T/tree" >/dev/null
  mkdir "out.$mode"
  ok "from $mode, through GNU tar" eval '"$UNDERLAY" --repo="$T/m.$mode" export big | tar -x --xattrs --xattrs-include="*" -C "out.$mode"'
  same_tree "is the tree that went in" "$T/tree" "out.$mode"
done
same=$(u export big | sha256sum)
is "a stream with large files doesn't depend on jobs" "$(u export -j1 big | sha256sum) $(u export -j8 big | sha256sum)" "$same $same"

# --- where to

ok "-o" u export -o file.tar main
is "has no padding" "$(cmp -n "$(stat -c %s file.tar)" file.tar main.tar && echo same)" same
ok "over an existing one" u export --output=file.tar big
is "is replaced" "$(tar -tf file.tar | wc -l)" "$(u export big | tar -t | wc -l)"
is "and has an ordinary mode" "$(stat -c %a file.tar)" 644
ln -s file.tar link.tar
ok "a symlink" u export -o link.tar main
is "stays one" "$(readlink link.tar) $(tar -tf file.tar | wc -l)" "file.tar 9"
ok "a device" u export -o /dev/null main
is "stays one too" "$(stat -c %F /dev/null)" "character special file"
before=$(sha256sum <file.tar)
obj=$(u ls -C main /usr/bin/prog | awk '{ print $5 }')
mv "r/objects/${obj:0:2}/${obj:2}.filez" saved
fails_with "a missing object is named" "export usr/bin/again: No such file object $obj" u export -o file.tar main
mv saved "r/objects/${obj:0:2}/${obj:2}.filez"
is "what was there stays" "$(sha256sum <file.tar)" "$before"
is "and nothing is left" "$(find . -name '.underlay-*')" ""
fails_with "a full disk" "write standard output: No space left on device" eval 'u export big >/dev/full'
fails_with "a full disk, compressed" "write standard output: No space left on device" eval 'u export --compress=gzip big >/dev/full'
fails_with "a reader that goes away" "write standard output: Broken pipe" eval 'u export big > >(true)'
ok "an empty name is standard output" eval 'u export -o "" big | cmp - <(u export big)'
fails_with "no such directory" "open .*nowhere: No such file" u export -o nowhere/x main
if command -v script >/dev/null; then
  like "a terminal is refused" "$(script -qec "$UNDERLAY --repo=$T/r export main" /dev/null)" "Refusing to write an archive to a terminal"
fi
fails_with "no commit" "A COMMIT argument is required" u export
fails_with "no such commit" "Refspec 'none' not found" u export none
fails_with "no such subpath" "No such file or directory: /none" u export --subpath=/none main
fails_with "an unknown form" "must be one of markers, device, oci, not 'x'" u export --whiteouts=x main
is "nothing goes to standard output before an error" "$(u export --subpath=/none main 2>/dev/null | wc -c)" 0

# --- compression

u export main -o plain.tar
for c in gzip:gzip xz:xz zstd:zstd; do
  command -v "${c#*:}" >/dev/null || continue
  ok "--compress=${c%:*}" u export --compress="${c%:*}" -o packed -j1 main
  is "is the same archive" "$("${c#*:}" -dc <packed | sha256sum)" "$(sha256sum <plain.tar)"
  is "and the same bytes every time" "$(sleep 1; u export --compress="${c%:*}" -j5 main | sha256sum)" "$(sha256sum <packed)"
done

# --- whiteouts

commit wh 'mkdir -p d/sub && : >d/.ostree-wh.gone && chmod 640 d/.ostree-wh.gone && : >.ostree-wh.top && echo full >.ostree-wh.content &&
  : >d/aaa && : >d/sub/.ostree-wh.-x && : >.a'
is "markers stay" "$(u export wh >wh.tar && list wh.tar | grep -c .ostree-wh.)" 4
is "--whiteouts=device" "$(u export --whiteouts=device wh >wh.tar && list wh.tar)" "dir 755 .
file 644 .a
file 644 .ostree-wh.content
char 644 top 0:0
dir 755 d
char 640 d/gone 0:0
file 644 d/aaa
dir 755 d/sub
char 644 d/sub/-x 0:0"
is "--whiteouts=oci, whiteouts first" "$(u export --whiteouts=oci wh >wh.tar && list wh.tar)" "dir 755 .
file 644 .ostree-wh.content
file 644 .wh.top
file 644 .a
dir 755 d
file 640 d/.wh.gone
file 644 d/aaa
dir 755 d/sub
file 644 d/sub/.wh.-x"
is "--subpath of a marker" "$(u export --whiteouts=oci --subpath=d/.ostree-wh.gone wh >wh.tar && list wh.tar)" "file 640 .wh.gone"

commit both ': >.ostree-wh.x && : >x'
commit odd ': >.ostree-wh...'
commit wh1 'mkdir d && : >d/.wh.x'
commit wh2 'mkdir -p d/.wh.dir'
commit wh3 ': >.ostree-wh..wh..opq'
for form in device oci; do
  fails_with "a name and its whiteout ($form)" "holds both x and its whiteout" u export --whiteouts=$form both
  fails_with "a marker for no name ($form)" "whiteout marker .ostree-wh..." u export --whiteouts=$form odd
done
fails_with "a file that a layer takes for a whiteout" "export d/.wh.x: would be a whiteout in a layer" u export --whiteouts=oci wh1
fails_with "a directory, too" "export d/.wh.dir: would be" u export --whiteouts=oci wh2
fails_with "a whiteout that would be another thing" "can't delete what is named like its markers" u export --whiteouts=oci wh3
ok "which are all plain files otherwise" eval 'u export wh1 >/dev/null && u export --whiteouts=device wh2 >/dev/null'

if [ "$(id -u)" = 0 ]; then
  commit opaque 'mkdir -p d/sub && : >d/x && : >d/.ostree-wh.y && setfattr -n trusted.overlay.opaque -v y d && setfattr -n user.note -v kept d && chown 5:6 d'
  is "opaque" "$(u export opaque >o.tar && list o.tar | grep opaque)" "dir 755 d user.note=kept trusted.overlay.opaque=y"
  is "--whiteouts=device leaves it" "$(u export --whiteouts=device opaque >o.tar && list o.tar | grep opaque)" "dir 755 d user.note=kept trusted.overlay.opaque=y"
  is "--whiteouts=oci" "$(u export --whiteouts=oci opaque >o.tar && list o.tar)" "dir 755 .
dir 755 d user.note=kept
file 644 d/.wh..wh..opq
file 644 d/.wh.y
file 644 d/x
dir 755 d/sub"
  is "even with --no-xattrs" "$(u export --whiteouts=oci --no-xattrs opaque >o.tar && list o.tar | grep -c opq)" 1
fi

# --- a tree that is deeper than a C stack should be

commit deep 'd=. && i=0 && while [ $i -lt 500 ]; do d=$d/d; i=$((i + 1)); done && mkdir -p $d && : >$d/f'
is "a deep tree" "$(u export deep | tar -t | wc -l)" 502

done_testing
