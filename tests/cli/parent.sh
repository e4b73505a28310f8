#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# core.parent: objects and refs of another repository

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" "$@"; }
c () { "$UNDERLAY" --repo=child "$@"; }

# child MODE PARENT: a new child repository
child ()
{
  rm -rf child
  u init --repo=child --mode="$1"
  c config set core.parent "$T/$2"
}

mkdir -p tree/dir
echo one >tree/dir/file
ln -s file tree/dir/link
: >tree/empty
u init --repo=p --mode=bare-user
one=$(u commit --repo=p -b main --owner-uid=0 --owner-gid=0 --no-xattrs --timestamp=@1 tree)
objects_of () { (cd "$1" && find objects -type f -o -type l | sort); }
before=$(objects_of p)

# --- reading

child bare-user p
is "a ref of the parent" "$(c rev-parse main)" "$one"
is "the beginning of a checksum" "$(c rev-parse "${one:0:9}")" "$one"
is "its only commit" "$(c rev-parse --single)" "$one"
is "refs lists what is here" "$(c refs)" ""
is "ls" "$(c ls -R main)" "$(u ls --repo=p -R main)"
is "cat" "$(c cat main /dir/file)" one
is "log" "$(c log main)" "$(u log --repo=p main)"
is "show of an object" "$(c show "$one")" "$(u show --repo=p "$one")"
ok "checkout" c checkout -U main co
u checkout --repo=p -U main want
same_tree "is that of the parent" co want
is "with hardlinks to its objects" "$(stat -c %i co/dir/file)" "$(stat -c %i want/dir/file)"
ok "also where nothing else will do" c checkout -UH main co2
ok "and identical ones are taken as such" c checkout -UH --union-identical main co2
is "nothing came into the child" "$(objects_of child)" ""

# --- writing

echo two >tree/dir/new
two=$(c commit -b main --owner-uid=0 --owner-gid=0 --no-xattrs --timestamp=@2 tree)
is "a commit goes on from the parent's ref" "$(c rev-parse main^)" "$one"
is "the parent's ref is what it was" "$(u rev-parse --repo=p main)" "$one"
is "as are its objects" "$(objects_of p)" "$before"
is "files that the parent has are stored again" \
   "$(c ls -C main /dir/file | awk '{ print $5 }' | sed 's|^..|objects/&/|; s|$|.file|')" \
   "$(objects_of child | grep -F "$(c ls -C main /dir/file | awk '{ print substr ($5, 3) }')")"
mv p gone && mkdir p && u init --repo=p --mode=bare-user
ok "so the child's commit needs no parent" c fsck -q
rm -rf p && mv gone p
three=$(c commit -b based --base=main^ --timestamp=@3)
ok "below --base nothing is stored" test -n "$three"
ok "and fsck finds what is needed in the parent" c fsck -q
fails_with "a ref of the parent can't be reset" "^error: Invalid ref 'onlyparent'" \
           sh -c '"$UNDERLAY" --repo=p refs --create=onlyparent main; "$UNDERLAY" --repo=child reset onlyparent main'

# --- fsck

file=$(u ls --repo=p -C main /dir/file | awk '{ print $5 }' | sed 's|^..|&/|')
child bare-user p
c refs --create=mine main
cp -a p p.sound
rm "p/objects/$file.file" # not written to: checkouts are links to it
echo broken >"p/objects/$file.file"
setfattr -n user.ostreemeta -v 0x0000000000000000000081a4 "p/objects/$file.file"
run c fsck --delete
is "a corrupt object of the parent is found" "$status $(grep -c "Corrupted file object" <<<"$err")" "1 1"
ok "and not removed" test -e "p/objects/$file.file"
rm "p/objects/$file.file"
run c fsck
is "a missing one too" "$status $(grep -c "Object missing" <<<"$err")" "1 1"
is "no commit of the parent is marked" "$(ls child/state p/state)" $'child/state:\n\np/state:'
rm -rf p && mv p.sound p
rm -rf want && u checkout --repo=p -U main want

# --- other modes

for mode in archive bare-user-only bare; do
  child $mode p
  ok "$mode: checkout of what a bare-user parent has" c checkout -U main "co-$mode"
  same_tree "$mode: the same tree" "co-$mode" want
  is "$mode: hardlinks" "$(stat -c %i "co-$mode/dir/file")" "$(stat -c %i want/dir/file)"
  ok "$mode: fsck" c fsck -q
done
u init --repo=arch --mode=archive
u commit --repo=arch -b main --tree=dir=want --owner-uid=0 --owner-gid=0 --no-xattrs --timestamp=@1 >commit.out
child bare-user arch
is "an archive as parent" "$(c cat main /dir/file)" one
ok "is checked out by copying" c checkout -U main co-arch
same_tree "to the same tree" co-arch want --no-xattrs
rm -rf co-arch
fails_with "not where hardlinks are required" "an object of repo $T/arch, whose mode is archive-z2, cannot be hardlinked" \
           c checkout -UH main co-arch

# --- grandparents, rings, what isn't there

u init --repo=top --mode=bare-user
echo top >tree/top
u commit --repo=top -b top tree >commit.out
u config --repo=p set core.parent "$T/top"
child bare-user p
is "a parent's parent" "$(c cat top /top)" top
fails_with "a ring isn't closed" "ring of parents" u config --repo=top set core.parent "$T/child"
printf 'parent=%s\n' "$T/child" >>top/config
fails_with "one that is there is refused" "^error: opening repo: parent repository [^:]*: more than 16 parent repositories, or a ring" c refs
fails_with "itself" "ring" u config --repo=arch set core.parent "$T/arch"
sed -i /^parent/d top/config
mv top top.away
fails_with "a parent that isn't there" "^error: opening repo: parent repository $T/p: opendir\($T/top\): No such file" c refs
mv top.away top
c config unset core.parent
fails_with "without it its refs aren't there" "Refspec 'top' not found" c rev-parse top
(cd p && "$UNDERLAY" init --repo="$T/rel" && "$UNDERLAY" config --repo="$T/rel" set core.parent . \
  && "$UNDERLAY" rev-parse --repo="$T/rel" main) >rel.out
is "a relative path is below the current directory" "$(cat rel.out)" "$one"

done_testing
