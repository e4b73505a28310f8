# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whiteouts in a checkout: every cell of the tables in docs/design/whiteouts.md that needs no overlay
# mount (those are in tests/root/whiteouts-*.sh).

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
# What stands at a path: type, mode, and device number or content.
what ()
{
  local t
  t=$(stat -c '%F %a' "$1" 2>/dev/null) || { echo nothing; return; }
  case $t in
    character*) echo "char $(stat -c '%t:%T %a' "$1")" ;;
    regular*) echo "file ${t##* } $(cat "$1")" ;;
    symbolic*) echo "link $(readlink "$1")" ;;
    directory*) echo "dir $(cd "$1" && echo *)" ;;
    *) echo "$t" ;;
  esac
}
names () { (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | tr '\n' ' '); }
# commit BRANCH COMMANDS: of a tree made by COMMANDS
commit ()
{
  rm -rf "$T/tree" && mkdir "$T/tree"
  (cd "$T/tree" && eval "$2")
  u commit -b "$1" --timestamp=@0 "${@:3}" "$T/tree" >/dev/null
}

u init
P=--process-passthrough-whiteouts

# --- markers and their device

commit m ': >.ostree-wh.gone && chmod 640 .ostree-wh.gone && mkdir -p d && : >d/.ostree-wh.-x && chmod 000 d/.ostree-wh.-x'
ok "passthrough" u checkout $P m out
is "the marker becomes a device" "$(what out/gone)" "char 0:0 640"
is "of any mode" "$(what out/d/-x)" "char 0:0 0"
is "and is gone itself" "$(names out)" "./d ./d/-x ./gone "
for mask in 000 077 777; do
  for o in '' -U -C; do
    # shellcheck disable=SC2086
    (umask $mask && u checkout $P $o m "mask$mask$o")
    is "the umask counts for nothing ($mask $o)" "$(what "mask$mask$o/gone")" "char 0:0 640"
  done
done
ok "without passthrough" u checkout m plain
is "it's a file" "$(what plain/.ostree-wh.gone) $(names plain)" "file 640  ./.ostree-wh.gone ./d ./d/.ostree-wh.-x "
ok "--subpath of a marker" u checkout $P --subpath=.ostree-wh.gone m sub
is "gives the device" "$(names sub) $(what sub/gone)" "./gone  char 0:0 640"
printf '/.ostree-wh.gone\n/gone\n' >skip
ok "--skip-list" u checkout $P --skip-list=skip m skipped
is "knows it by the marker's name" "$(names skipped)" "./d ./d/-x "

if [ "$(id -u)" = 0 ]; then
  commit owned ': >.ostree-wh.gone && chown 12:34 .ostree-wh.gone && chmod 6755 .ostree-wh.gone &&
    setfattr -n trusted.key -v val .ostree-wh.gone && setfattr -n security.key -v label .ostree-wh.gone'
  ok "owner and xattrs" u checkout $P owned out.owned
  is "owner" "$(stat -c %u:%g out.owned/gone) $(what out.owned/gone)" "12:34 char 0:0 6755"
  is "xattrs" "$(getfattr -d -m - out.owned/gone | sed '/^#/d; /^$/d' | tr '\n' ' ')" 'security.key="label" trusted.key="val" '
  ok "user mode" u checkout -U $P owned out.user
  is "sets neither, nor set-id bits" "$(stat -c %u:%g out.user/gone) $(what out.user/gone) $(getfattr -d -m - out.user/gone)" "0:0 char 0:0 755 "
  commit refused ': >.ostree-wh.gone && setfattr -n user.key -v val .ostree-wh.gone'
  fails_with "an xattr that devices can't have" "^error: checkout /.ostree-wh.gone: whiteout of gone: whiteout: set xattr user.key: Operation not permitted$" u checkout $P refused x
  is "leaves no half-made device" "$(names x)" ""
  rm -rf x
fi

for mode in bare-user archive bare-user-only; do
  "$UNDERLAY" init --repo="r.$mode" --mode=$mode
  if [ $mode = bare-user-only ]; then c=--canonical-permissions; else c=''; fi
  # shellcheck disable=SC2086
  "$UNDERLAY" commit --repo="r.$mode" -b m $c plain >/dev/null
  for o in '' -U; do
    # shellcheck disable=SC2086
    ok "$mode $o" "$UNDERLAY" --repo="r.$mode" checkout $P $o m "out.$mode$o"
    is "whiteouts come out of it" "$(what "out.$mode$o/gone") $(what "out.$mode$o/d/-x")" "char 0:0 640 char 0:0 0"
  done
done

# --- what is and what isn't a marker

commit contents 'echo c >.ostree-wh.content && mkdir .ostree-wh.dir && ln -s t .ostree-wh.link && : >.ostree-wh'
ok "only empty regular files are markers" u checkout $P contents out.contents
is "content with the prefix stays" "$(what out.contents/.ostree-wh.content)" "file 644 c"
is "so do directories and symlinks" "$(names out.contents)" "./.ostree-wh ./.ostree-wh.content ./.ostree-wh.dir ./.ostree-wh.link "
commit nested ': >.ostree-wh..ostree-wh.x && : >.ostree-wh..wh..opq'
ok "a marker for a name like a marker" u checkout $P nested out.nested
is "is taken literally" "$(names out.nested) $(what out.nested/.ostree-wh.x)" "./.ostree-wh.x ./.wh..opq  char 0:0 644"
for bad in .ostree-wh. .ostree-wh.. .ostree-wh...; do
  commit bad "mkdir -p sub && : >sub/$bad"
  fails_with "'$bad' is an error that names it" "^error: checkout /sub/$bad: whiteout marker $bad: " u checkout $P bad x
  rm -rf x
  ok "but a file without passthrough" u checkout bad x
  rm -rf x
done
commit both 'mkdir -p a/b && : >a/b/.ostree-wh.-n && echo >a/b/-n'
fails_with "a name and its whiteout" "^error: checkout /a/b: directory /a/b holds both -n and its whiteout .ostree-wh.-n$" u checkout $P both x
is "nothing of that directory was placed" "$(names x)" "./a ./a/b "
rm -rf x
commit both.dir ': >.ostree-wh.d && mkdir d'
fails_with "a directory and its whiteout" "directory / holds both d and its whiteout" u checkout $P both.dir x
rm -rf x
ok "both can be had as files" u checkout both x
rm -rf x
longest=$(printf '%0244d' 0)
commit long ": >.ostree-wh.$longest"
ok "the longest name" u checkout $P long out.long
is "comes out whole" "$(what "out.long/$longest")" "char 0:0 644"

# --- existing names under each union mode: marker `gone`, mode 640

put ()
{
  rm -rf o && mkdir o
  case $1 in
    nothing) ;;
    file) echo hi >o/gone ;;
    same) : >o/gone && chmod 640 o/gone ;;
    dir) mkdir o/gone ;;
    full) mkdir -p o/gone/a/b && echo x >o/gone/a/b/c ;;
    link) ln -s outside o/gone ;;
    fifo) mkfifo o/gone ;;
    whiteout) mknod -m 640 o/gone c 0 0 ;;
    other) mknod -m 600 o/gone c 0 0 ;;
  esac
}
commit cell 'mkdir q && : >q/.ostree-wh.gone && chmod 640 q/.ostree-wh.gone'
mkdir outside

# No union: whatever is there is an error.
for ex in file same dir full link fifo whiteout other; do
  put $ex
  before=$(what o/gone)
  fails_with "none, $ex" "^error: checkout /.ostree-wh.gone: whiteout of gone: File exists$" u checkout $P --subpath=/q/.ostree-wh.gone cell o
  is "is left alone" "$(what o/gone)" "$before"
done
# --union: replaced, whatever it is.
for ex in nothing file same dir full link fifo whiteout other; do
  put $ex
  ok "--union, $ex" u checkout $P --union --subpath=q cell o
  is "is replaced" "$(what o/gone)|$(names o)" "char 0:0 640|./gone "
done
# --union-add: kept, whatever it is.
for ex in file same dir full link fifo whiteout other; do
  put $ex
  before=$(what o/gone)
  ok "--union-add, $ex" u checkout $P --union-add --subpath=q cell o
  is "is kept" "$(what o/gone)" "$before"
done
put nothing
ok "--union-add, nothing" u checkout $P --union-add --subpath=q cell o
is "is made" "$(what o/gone)" "char 0:0 640"
# --union-identical: only the same whiteout will do.
for ex in nothing whiteout; do
  put $ex
  ok "--union-identical, $ex" u checkout $P --union-identical -H --subpath=q cell o
  is "is accepted" "$(what o/gone)" "char 0:0 640"
done
for ex in file same dir full link fifo other; do
  put $ex
  before=$(what o/gone)
  fails_with "--union-identical, $ex" "^error: checkout /.ostree-wh.gone: whiteout of gone: a different .* exists$" u checkout $P --union-identical -H --subpath=q cell o
  is "is refused" "$(what o/gone)" "$before"
done
is "no symlink was followed" "$(names outside)" ""
# Other things over a whiteout that is there.
commit over 'mkdir q && echo new >q/gone && mkdir -p d/gone'
put whiteout
ok "--union, a file over a whiteout" u checkout --union --subpath=q over o
is "replaces it" "$(what o/gone)" "file 644 new"
put whiteout
fails_with "a directory over a whiteout" "^error: checkout /gone: a file is in the way of a directory$" u checkout --union --subpath=d over o

# --- the layer model: --whiteouts

lower ()
{
  rm -rf o && mkdir -p o/dir/k o/sub
  echo 1 >o/a && echo 2 >o/b && echo 3 >o/dir/c && echo 4 >o/dir/k/d && echo 5 >o/-x
  ln -s a o/s && ln -s ../outside o/sd && echo v >outside/v
}
commit layer ': >.wh.a && : >.wh.dir && : >.wh.s && : >.wh.sd && : >.wh.nothing && : >.wh.-x && mkdir sub && : >sub/.wh.zz'
for m in --union --union-add '--union-identical -H'; do
  lower
  # shellcheck disable=SC2086
  ok "layer whiteouts, $m" u checkout --whiteouts $m layer o
  is "remove files, symlinks and trees" "$(names o)" "./b ./sub "
done
is "not what a symlink points to" "$(cat outside/v)" "v"
ok "into a new target" u checkout --whiteouts layer fresh
is "they are just left out" "$(names fresh)" "./sub "
lower
ok "without --whiteouts" u checkout --union layer o
is "they are files" "$(what o/.wh.a) $(what o/a)" "file 644  file 644 1"
commit opaque 'mkdir dir && : >dir/.wh..wh..opq && echo new >dir/new'
lower
ok "opaque" u checkout --whiteouts --union opaque o
is "empties the directory first" "$(names o/dir)" "./new "
is "and no other" "$(what o/a)" "file 644 1"
commit opaque.root ': >.wh..wh..opq && echo new >new'
lower
ok "opaque root" u checkout --whiteouts --union opaque.root o
is "empties the target" "$(names o)" "./new "
commit replaced ': >.wh.a && echo newer >a && : >.wh.-x && echo newer >-x && : >.wh.dir && mkdir dir && echo n >dir/n'
lower
ok "a whiteout and the name in one layer" u checkout --whiteouts --union replaced o
is "the name is what the layer has" "$(cat o/a) $(cat o/-x) $(names o/dir)" "newer newer ./n "
commit content 'echo precious >.wh.b && mkdir .wh.a && ln -s x .wh.dir'
lower
ok "what isn't an empty file" u checkout --whiteouts --union content o
is "is no whiteout" "$(cat o/.wh.b) $(cat o/b) $(what o/a)" "precious 2 file 644 1"
for bad in .wh. .wh.. .wh...; do
  commit bad ": >$bad"
  lower
  before=$(names o)
  fails_with "'$bad' is an error" "^error: checkout /$bad: whiteout marker $bad: " u checkout --whiteouts --union bad o
  is "and removes nothing" "$(names o)" "$before"
done
lower
commit one ': >.wh.a'
ok "--subpath of a layer whiteout" u checkout --whiteouts --subpath=/.wh.a one o
is "removes the name" "$(what o/a)" "nothing"
commit models ': >.wh.a && : >.ostree-wh.b'
lower
ok "both models" u checkout --whiteouts $P --union models o
is "work side by side" "$(what o/a) $(what o/b)" "nothing char 0:0 644"

# --- and back

mkdir upper && mknod -m 000 upper/gone c 0 0 && mkdir upper/d && mknod upper/d/too c 0 0 && echo k >upper/keep
u commit -b upper --retarget-whiteouts --timestamp=@0 upper >/dev/null
ok "a checkout of whiteouts" u checkout $P upper back
same_tree "is the tree that was committed" upper back
is "and commits to the same" "$(u commit -b back --retarget-whiteouts --timestamp=@0 back >/dev/null && u ls -dC back)" "$(u ls -dC upper)"

done_testing
