# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# checkout: targets, what is chosen, what is linked, existing names. Whiteouts are in
# checkout-whiteouts.sh, the comparison with the peer in tests/compat/checkout*.sh.

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }
names () { (cd "$1" && find . -mindepth 1 | sort | tr '\n' ' '); }
mode () { stat -c %a "$1"; }
links () { stat -c %h "$1"; }

u init
mkdir -p tree/dir/sub tree/other
echo top >tree/top
echo file >tree/dir/file
: >tree/empty
ln -s top tree/link
ln -s nowhere tree/dir/dangling
chmod 750 tree/dir
chmod 2770 tree/dir/sub
chmod 1777 tree/other
chmod 4755 tree/top
c=$(u commit -b main --timestamp=@0 tree)
all='./dir ./dir/dangling ./dir/file ./dir/sub ./empty ./link ./other ./top '

# --- the target

ok "a ref" u checkout main
is "lands in a directory of its name" "$(names main)" "$all"
ok "a checksum" u checkout "$c"
is "lands in one of its name too" "$(names "$c")" "$all"
ok "to a destination" u checkout main out
is "and is the tree that was committed" "$(treedump --no-links out)" "$(treedump --no-links tree)"
is "nothing is printed" "$(u checkout main silent 2>&1)" ""
fails_with "not twice" "^error: checkout to out: File exists$" u checkout main out
mkdir there && touch there/mine
fails_with "nor onto a directory that is there" "File exists" u checkout main there
is "which is untouched" "$(names there)" "./mine "
fails_with "nor below one that isn't" "checkout to no/such: create directory: No such file" u checkout main no/such
fails_with "nor onto a file" "File exists" u checkout main there/mine
fails_with "not even with a union" "Not a directory" u checkout --union main there/mine
fails_with "an empty destination" "^error: checkout to : " u checkout main ''
ok "a slash at its end" u checkout main slash/
is "makes no difference" "$(names slash)" "$all"
ln -s there by-link
ok "the destination itself may be a symlink" u checkout --union main by-link
is "to where the tree then goes" "$(names there)" "./dir ./dir/dangling ./dir/file ./dir/sub ./empty ./link ./mine ./other ./top "
fails_with "no commit" "^error: COMMIT must be specified" u checkout
fails_with "one argument too many" "Unexpected argument 'c'" u checkout main b c
fails_with "no such ref" "'nope' not found" u checkout nope
nok "and no target for it" test -e nope

# --- modes, times, links

is "directories get their modes" "$(mode out) $(mode out/dir) $(mode out/dir/sub) $(mode out/other)" "755 750 2770 1777"
is "and time 0" "$(stat -c %Y out out/dir out/dir/sub out/other | sort -u)" "0"
is "files are hardlinks" "$(stat -c %i r/objects/*/*.file | grep -c "^$(stat -c %i out/top)$")" "1"
is "symlinks too" "$(links out/link)" "$(links main/link)"
isnt "indeed" "$(links out/link)" "1"
is "empty files are not" "$(links out/empty)" "1"
ok "-C" u checkout -C main copied
is "copies" "$(links copied/top) $(links copied/link) $(links copied/dir/file)" "1 1 1"
is "with the same modes" "$(mode copied/top) $(mode copied/dir/sub)" "4755 2770"
ok "the same content" cmp tree/top copied/top
isnt "and today's times" "$(stat -c %Y copied/dir)" "0"
ok "-H" u checkout -H main linked
isnt "links" "$(links linked/top)" "1"
ok "-U" u checkout -U main user
is "without set-id bits of files" "$(mode user/top) $(links user/top)" "755 1"
is "but with those of directories" "$(mode user/dir/sub)" "2770"
ok "-M" u checkout -M main masked
is "masks directories" "$(mode masked/dir/sub) $(mode masked/other) $(mode masked/dir) $(mode masked/top)" "770 775 750 4755"
ok "-z is taken" u checkout -z main zero
fails_with "-H and -C" "^error: Cannot specify both --require-hardlinks and --force-copy$" u checkout -H -C main x
fails_with "-H where the mode has none" "mode bare cannot be hardlinked in user mode" u checkout -UH main x
nok "before anything is made" test -e x
(umask 077 && u checkout -C main umasked)
is "the umask counts for nothing" "$(mode umasked) $(mode umasked/dir) $(mode umasked/dir/file) $(mode umasked/empty)" "755 750 644 644"
for j in 1 2 7; do
  ok "-j$j" u checkout -C -j "$j" main "jobs$j"
  same_tree "makes the same" copied "jobs$j"
done
for p in true false 1 0 yes no; do ok "--fsync=$p" u checkout --fsync="$p" main "fsync.$p"; done
fails_with "--fsync=maybe" "Invalid boolean argument 'maybe'" u checkout --fsync=maybe main x

# --- what

ok "--subpath of a directory" u checkout --subpath=/dir main sub1
is "gives what is in it" "$(names sub1) $(mode sub1)" "./dangling ./file ./sub  750"
ok "without the slash" u checkout --subpath=dir/sub main sub2
is "deeper" "$(names sub2)|$(mode sub2)" "|2770"
ok "--subpath of a file" u checkout --subpath=/dir/file main sub3
is "makes a directory with the file" "$(names sub3) $(mode sub3)" "./file  700"
ok "another into the same" u checkout --subpath=/link main sub3
is "is added" "$(names sub3) $(readlink sub3/link)" "./file ./link  top"
fails_with "but not the same again" "^error: checkout /link: File exists$" u checkout --subpath=/link main sub3
fails_with "--subpath of nothing" "^error: checkout: No such file or directory: /nope" u checkout --subpath=/nope main x
fails_with "--subpath through a file" "Not a directory" u checkout --subpath=/top/x main x
fails_with "which --allow-noent doesn't excuse" "/top/x: Not a directory" u checkout --allow-noent --subpath=/top/x main x
nok "makes nothing" test -e x
ok "--allow-noent" u checkout --allow-noent --subpath=/nope main x
nok "makes nothing either" test -e x
fails_with "--allow-noent is not about commits" "not found" u checkout --allow-noent nope x
for p in .. /.. ../tree dir/..; do
  fails_with "--subpath=$p" "^error: checkout: " u checkout --subpath="$p" main x
done

printf '%s\n' /top /dir/sub/ /dir/file /nowhere >skip
ok "--skip-list" u checkout --skip-list=skip main skipped
is "leaves out" "$(names skipped)" "./dir ./dir/dangling ./empty ./link ./other "
printf '%s\n' /other /empty/ top >skip
ok "only what is named just so" u checkout --skip-list=skip main skipped2
is "file without slash, directory with" "$(names skipped2)" "$all"
printf '%s' /dir/ >skip
ok "the last line needs no end" u checkout --skip-list=skip main skipped3
is "a directory goes with all in it" "$(names skipped3)" "./empty ./link ./other ./top "
printf '%s\n' /file /dir/dangling >skip
ok "paths are those of the checkout" u checkout --skip-list=skip --subpath=/dir main skipped4
is "not of the commit" "$(names skipped4)" "./dangling ./sub "
printf '/file\n/top\n' >skip
ok "a file that is asked for" u checkout --skip-list=skip --subpath=/top main skipped5
is "isn't left out" "$(names skipped5)" "./top "
fails_with "a list that isn't there" "missing: No such file" u checkout --skip-list=missing main x

printf 'main\0/dir\0main\0/other\0' >list
ok "--from-file" u checkout --union --from-file=list many
is "checks out all of it" "$(names many)" "./dangling ./file ./sub "
ok "--from-stdin" bash -c '"$UNDERLAY" --repo=r checkout --union --from-stdin many2 <list'
same_tree "the same" many many2
printf 'main\0/top\0main\0link' >list
ok "without a union, single files may be put together" u checkout --from-file=list many3
is "and the last NUL may be missing" "$(names many3)" "./link ./top "
printf 'main\0' >list
ok "without a path" u checkout --from-file=list many4
is "it's the whole tree" "$(names many4)" "$all"
printf 'main\0/top\0\0/dir\0main\0/link\0' >list
ok "an empty commit" u checkout --from-file=list many5
is "ends the list" "$(names many5)" "./top "
printf 'main\0/top\0main\0/nope\0' >list
fails_with "a path that isn't there" "^error: Processing tree main: checkout: No such file or directory: /nope" u checkout --from-file=list many6
ok "may be, with --allow-noent" u checkout --union --allow-noent --from-file=list many6
fails_with "a list needs a destination" "DESTINATION must be specified" u checkout --from-file=list
fails_with "and it alone" "Unexpected argument 'y'" u checkout --from-file=list x y
fails_with "a list that isn't there" "^error: open missing: No such file" u checkout --from-file=missing x

# --- existing names

mkdir -p unite/dir unite/kept
echo mine >unite/top && echo mine >unite/dir/mine && chmod 711 unite/dir
touch -d @77 unite/kept
ok "--union" u checkout --union main unite
is "adds, and keeps what is only there" "$(names unite)" "./dir ./dir/dangling ./dir/file ./dir/mine ./dir/sub ./empty ./kept ./link ./other ./top "
is "replaces files" "$(cat unite/top)" "top"
is "not directories' metadata" "$(mode unite/dir)" "711"
ok "--union again" u checkout --union main unite
echo mine >copied/other/new && rm -rf add && mkdir add && echo mine >add/top && ln -s x add/dir.link
ok "--union-add" u checkout --union-add main add
is "keeps files" "$(cat add/top)" "mine"
is "adds others" "$(names add)" "./dir ./dir.link ./dir/dangling ./dir/file ./dir/sub ./empty ./link ./other ./top "
cp -a linked ident && rm ident/dir/file
ok "--union-identical" u checkout --union-identical -H main ident
is "adds what is missing" "$(cat ident/dir/file)" "file"
echo changed >ident.tmp && mv ident.tmp ident/dir/file
fails_with "and refuses what differs" "^error: checkout /dir/file: a different file exists$" u checkout --union-identical -H main ident
is "leaving it" "$(cat ident/dir/file)" "changed"
fails_with "--union-identical without -H" "^error: --union-identical requires --require-hardlinks$" u checkout --union-identical main x
fails_with "two unions" "Cannot specify both --union and --union-add" u checkout --union --union-add main x
fails_with "two others" "Cannot specify both --union-add and --union-identical" u checkout -H --union-add --union-identical main x

# --- nothing leaves the target, nothing writes to an object

mkdir planted outside
ln -s ../outside planted/dir
for m in --union --union-add '--union-identical -H'; do
  # shellcheck disable=SC2086
  fails_with "a planted symlink, $m" "^error: checkout /dir: a symlink is in the way of a directory$" u checkout $m main planted
done
is "nothing went through it" "$(names outside)" ""
echo other >tree/top
u commit -b second --timestamp=@0 tree >/dev/null
for o in '' -C -H; do
  rm -rf over
  # shellcheck disable=SC2086
  ok "second over first $o" u checkout $o main over
  # shellcheck disable=SC2086
  ok "--union $o" u checkout $o --union second over
done
ok "the objects are as they were" u fsck

# --- what is wrong with the repository

cp -a r broken
f=$(u ls -C main /top | awk '{print $5}')
rm "broken/objects/${f:0:2}/${f:2}.file"
fails_with "a missing object is named, and for what" "^error: checkout /top: .*$f" "$UNDERLAY" --repo=broken checkout main x
is "what came before it stays" "$(test -e x/empty && echo yes)" "yes"
rm -rf x
d=$(u ls -dC main /dir | awk '{print $5}')
truncate -s 20 "broken/objects/${d:0:2}/${d:2}.dirtree"
fails_with "a truncated dirtree" "^error: checkout /dir: .*$d" "$UNDERLAY" --repo=broken checkout --subpath=/ second x
rm -rf x

# --- and back

u checkout -H main again
is "a commit of a checkout is the same commit" "$(u commit --orphan --timestamp=@0 again)" "$(u commit --orphan --timestamp=@0 linked)"
tree_of () { u ls -dC "$1" | awk '{print $5, $6}'; }
u commit -b again --timestamp=@0 again >/dev/null
is "with the tree it came from" "$(tree_of again)" "$(tree_of main)"
u checkout -C main again.c && u commit -b again.c --timestamp=@0 again.c >/dev/null
is "a copy too" "$(tree_of again.c)" "$(tree_of main)"

done_testing
