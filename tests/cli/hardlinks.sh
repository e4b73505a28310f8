#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# commit --preserve-hardlinks and what checkout makes of it: two paths are one inode just where they were in the
# tree that was committed.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 tar

u () { "$UNDERLAY" --repo=r "$@"; }
# Groups of paths that are one inode, a line each.
structure ()
{
  (cd "$1" && find . ! -type d -printf '%i %p\n') | sort -k2 \
    | awk '{ n[$1]++; g[$1] = g[$1] " " $2 } END { for (i in g) if (n[i] > 1) print g[i] }' | sort
}
# out REV [OPTION...]: check out, with the structure printed
out () { rm -rf out && u checkout "${@:2}" "$1" out && structure out; }
value () { u show --raw "$1" | grep -o "'underlay.hardlinks.*>}" || true; }

u init --mode=bare
mkdir -p tree/a tree/b
echo same >tree/a/1 && ln tree/a/1 tree/b/2
echo same >tree/b/3 && ln tree/b/3 tree/z
echo same >tree/alone
: >tree/empty && : >tree/b/empty && ln tree/empty tree/a/empty
ln -s t tree/l && ln tree/l tree/b/l && ln -s t tree/a/l
want=" ./a/1 ./b/2
 ./a/empty ./empty
 ./b/3 ./z
 ./b/l ./l"
is "the tree" "$(structure tree)" "$want"

# --- the record

ok "commit --preserve-hardlinks" u commit -b main --timestamp=@0 --preserve-hardlinks tree
like "is recorded in the metadata" "$(value main)" "underlay.hardlinks"
is "with one worker it is the same commit" "$(u commit -b main --parent=none --timestamp=@0 -j1 --preserve-hardlinks tree)" "$out"
u commit -b plain --timestamp=@0 tree
is "the tree is the same as without" "$(u ls -dC plain)" "$(u ls -dC main)"
is "nothing is recorded without the option" "$(value plain)" ""
ok "the repository is sound" u fsck
tar -C tree -cf tree.tar .
u commit -b tar --timestamp=@0 --preserve-hardlinks --tree=tar=tree.tar
is "an archive gives the same record" "$(value tar)" "$(value main)"
cp -a tree co && u checkout -H main co2
u commit -b linked -I --timestamp=@0 --preserve-hardlinks co2
is "a checkout gives it again" "$(value linked)" "$(value main)"
rm -rf co co2
fails_with "the key as metadata" "underlay.hardlinks is for --preserve-hardlinks" \
  u commit -b x --preserve-hardlinks --add-metadata-string=underlay.hardlinks=x tree
u commit -b again --preserve-hardlinks tree
same=$(u rev-parse again)
is "--skip-if-unchanged: nothing has" "$(u commit -b again --preserve-hardlinks --skip-if-unchanged tree)" "$same"
is "and the structure isn't asked for" "$(rm tree/z && cp -a tree/b/3 tree/z && u commit -b again --skip-if-unchanged tree)" "$same"
isnt "the structure has" "$(u commit -b again --preserve-hardlinks --skip-if-unchanged tree)" "$same"
is "which is recorded" "$(rm -rf out && u checkout again out && structure out | grep -c z)" 0
ln -f tree/b/3 tree/z
fails_with "and as kept metadata" "underlay.hardlinks is for --preserve-hardlinks" \
  u commit -b main --preserve-hardlinks --keep-metadata=underlay.hardlinks tree

# --- checkouts

for options in -H '' -C -U '-U -C' '-H -j1' '-C -j4'; do
  # shellcheck disable=SC2086
  is "checkout $options" "$(out main $options)" "$want"
  ok "checkout $options: the right content" diff -r --no-dereference tree out
done
is "the first file of a content is the object" \
  "$(out main -H >/dev/null; find r/objects -samefile out/alone | wc -l)" 1
is "--ignore-hardlinks" "$(out main -H --ignore-hardlinks)" " ./a/1 ./alone ./b/2 ./b/3 ./z
 ./a/l ./b/l ./l"
is "a commit without a record" "$(out plain -H)" "$(out main -H --ignore-hardlinks)"
# archive REV [OPTION...]: exported and unpacked, with the structure printed
archive () { rm -rf out && mkdir out && u export "${@:2}" "$1" | tar -C out --delay-directory-restore -xf - && structure out; }
is "export" "$(archive main)" "$want"
ok "export: the right content" diff -r --no-dereference tree out
is "export --ignore-hardlinks" "$(archive main --ignore-hardlinks)" ""
is "is that of a commit without a record" "$(u export main --ignore-hardlinks | sha256sum)" "$(u export plain | sha256sum)"
is "export --hardlinks goes by content" "$(archive main --hardlinks)" " ./a/1 ./alone ./b/2 ./b/3 ./z"
ln tree/b/3 tree/b/4
u commit -b inside --preserve-hardlinks tree >/dev/null
is "export --subpath" "$(archive inside --subpath=/b)" " ./3 ./4"
is "export --whiteouts=oci" "$(archive inside --whiteouts=oci)" "${want/3 /3 ./b/4 }"
rm tree/b/4
is "export --subpath of a file" "$(archive inside --subpath=/b/4)" ""
u export main -o main.tar
is "what is committed of it has the record" \
  "$(u commit -b again --timestamp=@0 --parent=none --no-bindings --preserve-hardlinks --tree=tar=main.tar)" \
  "$(u commit -b again --timestamp=@0 --parent=none --no-bindings --preserve-hardlinks tree)"

ok "nothing was written to an object" u fsck
is "--subpath" "$(out main -H --subpath=b)" ""
is "--subpath with dots and slashes" "$(out main -H --subpath=.//a/.)" ""
mkdir -p deep/x/y && cp -a tree/. deep/x/y/ && cp -a tree deep/first && cp -a tree deep/x/z
u commit -b deep --preserve-hardlinks deep
is "--subpath with files before and after it" "$(out deep -H --subpath=x/y)" "$want"
is "a file" "$(out deep -H --subpath=/x/y/z)" ""
printf '/a/1\n/b/3\n/alone\n' >skip
is "--skip-list" "$(out main -C --skip-list=skip)" " ./a/empty ./empty
 ./b/l ./l"
ln tree/a/1 tree/y && u commit -b three --preserve-hardlinks tree
is "of three names the first one left out" "$(out three -H --skip-list=skip | head -1)" " ./a/empty ./empty"
is "the others are linked" "$(out three -H --skip-list=skip | sed -n 2p)" " ./b/2 ./y"
echo /a/ >skip
is "a directory left out" "$(out three -H --skip-list=skip)" " ./b/2 ./y
 ./b/3 ./z
 ./b/l ./l"
rm tree/y

for mode in archive bare-user bare-user-only; do
  "$UNDERLAY" init --repo=r.$mode --mode=$mode
  "$UNDERLAY" commit --repo=r.$mode -b main --preserve-hardlinks tree >/dev/null
  for options in '' -U; do
    rm -rf out
    # shellcheck disable=SC2086
    "$UNDERLAY" checkout --repo=r.$mode $options main out
    is "$mode $options" "$(structure out)" "$want"
    # shellcheck disable=SC2086
    ok "$mode $options: verify" "$UNDERLAY" verify --repo=r.$mode $options out main
  done
done
rm -rf out
"$UNDERLAY" checkout --repo=r.archive -U main out
is "with the archive's cache full" "$(structure out)" "$want"

# --- union modes: what is kept is what it was

for mode in --union --union-add '--union-identical -H'; do
  rm -rf out && mkdir out
  # shellcheck disable=SC2086
  is "$mode to a new directory" "$(u checkout $mode main out && structure out)" "$want"
  # shellcheck disable=SC2086
  is "$mode again" "$(u checkout $mode main out && structure out)" "$want"
done
rm -rf out && mkdir -p out/a && echo theirs >out/a/1 && ln out/a/1 theirs
is "--union-add: a name that's kept isn't linked to" "$(u checkout --union-add main out && structure out | head -1)" " ./a/empty ./empty"
is "it is what it was" "$(cat out/a/1 theirs)" $'theirs\ntheirs'
rm -rf out && mkdir -p out/a && ln theirs out/a/1
is "--union: it's replaced" "$(u checkout --union main out && structure out)" "$want"
is "by a new file" "$(cat theirs)" theirs
rm theirs

# --- several trees

mkdir -p over/a && echo other >over/a/1 && echo n >over/n && ln over/n over/m
over=" ./a/empty ./empty
 ./b/3 ./z
 ./b/l ./l
 ./m ./n"
u commit -b o --preserve-hardlinks --tree=dir=tree --tree=dir=over
is "a later tree takes a name out of its group" "$(out o -H)" "$over"
u commit -b o --preserve-hardlinks --base=main --tree=dir=over
is "what the base records holds" "$(out o -H)" "$over"
u commit -b o --preserve-hardlinks --tree=ref=main --tree=dir=over
is "and a commit as a tree" "$(out o -H)" "$over"
u commit -b o --preserve-hardlinks --tree=dir=over --tree=ref=main
is "also as the later one" "$(out o -H)" "$want
 ./m ./n"
u commit -b o --preserve-hardlinks --base=plain --tree=dir=over
is "of one that records nothing all files are alone" "$(out o -H)" " ./m ./n"
tar -C over -cf over.tar . && ln over/n over/k && tar -C over --hard-dereference -cf k.tar ./k
u commit -b o --preserve-hardlinks --base=main --tree=tar=over.tar
is "an archive over it" "$(out o -H)" "$over"
python3 -c '
import tarfile
t = tarfile.open("links.tar", "w")
for name, target in ("./one", "./n"), ("two", "m"), ("three", "./one"):
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.LNKTYPE, target
    t.addfile(link)'
u commit -b o --preserve-hardlinks --tree=dir=over --tree=tar=links.tar
is "an archive's links to what is below it" "$(out o -H)" " ./k ./m ./n ./one ./three ./two"
rm -f over/k
mkdir apart joined && echo same >apart/a && echo same >joined/a && ln joined/a joined/b
u commit -b apart --preserve-hardlinks apart && u commit -b joined --preserve-hardlinks joined
echo /a >skip
u commit -b o --preserve-hardlinks --base=apart --tree=ref=joined --skip-list=skip
is "what a commit has and the skip list leaves out" "$(out o -H)" ""
mkdir apart/d joined/d && mv apart/a apart/d && mv joined/a joined/d
u commit -b apart --preserve-hardlinks apart && u commit -b joined --preserve-hardlinks joined
echo /d >skip
u commit -b o --preserve-hardlinks --base=apart --tree=ref=joined --skip-list=skip
is "and below a directory" "$(out o -H)" ""
printf '=%d /b/2\n' $((0600)) >override
u commit -b o --preserve-hardlinks --statoverride=override tree
is "names that became different" "$(out o -H)" " ./a/empty ./empty
 ./b/3 ./z
 ./b/l ./l"
u commit -b main --timestamp=@1 --keep-metadata=underlay.hardlinks over
is "a record that was kept for another tree isn't believed" "$(out main -H)" " ./m ./n"
u commit -b main --timestamp=@0 --parent=none --preserve-hardlinks tree

# --- whiteouts

if [ "$(id -u)" = 0 ] && mkdir layer && mknod layer/gone c 0 0 2>/dev/null; then
  ln layer/gone layer/lost && echo x >layer/f && ln layer/f layer/g
  u commit -b layer --preserve-hardlinks --retarget-whiteouts layer
  is "whiteouts aren't recorded" "$(out layer -H)" " ./f ./g"
  is "and are made each by itself" "$(out layer -H --process-passthrough-whiteouts && stat -c '%F %h' out/gone out/lost)" " ./f ./g
character special file 1
character special file 1"
  mkdir markers && : >markers/.ostree-wh.a && ln markers/.ostree-wh.a markers/.ostree-wh.b && ln markers/.ostree-wh.a markers/.ostree-wh.c
  u commit -b markers --preserve-hardlinks markers
  is "markers that are hardlinks" "$(out markers -C)" " ./.ostree-wh.a ./.ostree-wh.b ./.ostree-wh.c"
  is "become whiteouts all the same" "$(out markers -C -j4 --process-passthrough-whiteouts && stat -c '%n %h' out/*)" "out/a 1
out/b 1
out/c 1"
else
  skip "whiteouts" "cannot make them"
fi

# --- verify

rm -rf out && u checkout -H main out
ok "verify" u verify out main
rm -rf out && u checkout -C main out
ok "verify of copies" u verify out main

# --- random trees

cat >random-tree.py <<'EOF'
import os, random, sys
r = random.Random(int(sys.argv[1])); top = sys.argv[2]; dirs, files = [top], []
os.mkdir(top)
for i in range(r.randrange(1, 25)):
    d = os.path.join(r.choice(dirs), "d%d" % r.randrange(100))
    if not os.path.exists(d): os.mkdir(d); dirs.append(d)
for i in range(r.randrange(400)):
    f = os.path.join(r.choice(dirs), "f%d" % i)
    if files and r.random() < .5: os.link(r.choice(files), f, follow_symlinks=False)
    elif r.random() < .1: os.symlink("t%d" % r.randrange(3), f)
    else: open(f, "w").write("c" * r.randrange(6))
    files.append(f)
EOF
same=0
for ((i = 1; i <= ${UNDERLAY_TEST_LONG:+50}0 + 12; i++)); do
  rm -rf random && python3 random-tree.py $i random
  u commit -b random --preserve-hardlinks random >/dev/null
  mode=$(echo -H -C -U '' | cut -d' ' -f$((i % 4 + 1)))
  # shellcheck disable=SC2086
  [ "$(out random -j$((i % 5 + 1)) $mode)" != "$(structure random)" ] || same=$((same + 1))
done
is "random trees come out as they were" "$same" "$((i - 1))"
ok "and the repository is sound" u fsck

# --- failures end

u commit -b broken --preserve-hardlinks deep >/dev/null
victim=$(u ls -C main /alone | grep -o '[0-9a-f]\{64\}')
victim=r/objects/${victim:0:2}/${victim:2}.file
rm -rf out && mv "$victim" away
fails_with "a missing object, with several workers" "error: checkout /alone: .*object" \
  timeout 20 "$UNDERLAY" --repo=r checkout -j4 main out
mv away "$victim"
root=$(u ls -dC plain | grep -o '[0-9a-f]\{64\}' | head -1 | sed 's/../0x&, /g; s/, $//')
bad=$(u commit -b hostile --add-metadata="underlay.hardlinks=([byte $root], [byte 0, 0])" tree)
rm -rf out
fails_with "a record that makes no sense" "error: commit [0-9a-f]*: metadata key underlay.hardlinks: bad value" u checkout hostile out
ok "can be ignored" u checkout --ignore-hardlinks hostile out
fails_with "as a base" "error: hostile: metadata key underlay.hardlinks: bad value" u commit -b x --preserve-hardlinks --base=hostile tree
fails_with "as a tree" "error: hostile: metadata key underlay.hardlinks: bad value" u commit -b x --preserve-hardlinks --tree=ref=hostile
u commit -b hostile --add-metadata="underlay.hardlinks=([byte $root], [byte 0, 0, 1, 0, 100, 100])" tree >/dev/null
rm -rf out
fails_with "in an archive" "error: commit [0-9a-f]*: metadata key underlay.hardlinks: bad value" u export -o x.tar "$bad"
fails_with "hardlinks of different files in an archive" \
  "error: export l: metadata key underlay.hardlinks: a hardlink of a different file" u export -o x.tar hostile
fails_with "hardlinks of different files" "error: checkout /l: metadata key underlay.hardlinks: a hardlink of a different file" u checkout hostile out
u commit -b x --preserve-hardlinks --base=hostile --tree=dir=over
unlike "aren't taken over" "$(out x)" "alone"
u commit -b hostile --add-metadata="underlay.hardlinks=([byte $root], [byte 5, 100, 1, 2, 3, 4, 5, 6])" tree >/dev/null
is "files that aren't there" "$(out hostile -C)" ""
python3 - "$SRC/tests/lib" <<'PY'
import hashlib, os, sys
sys.path.insert(0, sys.argv[1])
import gvariant as g


def put(data, ext):
    name = hashlib.sha256(data).digest()
    path = "r/objects/%s/%s.%s" % (name.hex()[:2], name.hex()[2:], ext)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return name


meta = put(g.dirmeta(0, 0, 0o40755, []), "dirmeta")
tree = empty = put(g.dirtree([], []), "dirtree")
for i in range(64):
    tree = put(g.dirtree([], [("a", tree, meta), ("b", tree, meta)]), "dirtree")
tree = put(g.dirtree([], [("a", tree, meta), ("z", empty, meta)]), "dirtree")
bomb = put(g.commit(tree, meta, [("underlay.hardlinks", ("(ayay)", (tree, b"")))]), "commit")
with open("bomb", "w") as f:
    f.write(bomb.hex())
PY
rm -rf out
ok "more directories than can be counted, beside --subpath" timeout 20 "$UNDERLAY" --repo=r checkout --subpath=z "$(cat bomb)" out
echo /a/ >skip && rm -rf out
ok "and on the skip list" timeout 20 "$UNDERLAY" --repo=r checkout --skip-list=skip "$(cat bomb)" out

# --- a directory that is closed to its owner

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  mkdir -p closed/a closed/b && echo same >closed/a/1 && ln closed/a/1 closed/b/2 && ln closed/a/1 closed/b/3 && chmod 600 closed/a
  "$UNDERLAY" init --repo=open --mode=bare-user-only
  "$UNDERLAY" commit --repo=open -b main --preserve-hardlinks --no-xattrs closed >/dev/null
  mkdir mine && chown 64123 mine && chmod 755 "$T"
  ok "a directory without search permission" setpriv --reuid 64123 --regid 64123 --clear-groups \
    "$UNDERLAY" checkout --repo=open -U -C -j1 main mine/out
  is "the names elsewhere are one file" "$(structure mine/out/b)" " ./2 ./3"
else
  skip "a directory without search permission" "needs root and setpriv"
fi

done_testing
