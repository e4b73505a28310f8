#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# diff: the same lines in the same order for two commits, the same lines for directories (whose order is that of
# the file system there).

. "$(dirname "$0")/common.sh"

# same_lines NAME ARG...: without regard to order
same_lines ()
{
  local name=$1 want
  shift
  want=$("$OSTREE" --repo="$T/ours.$mode" diff "$@" | sort) || true
  is "$name" "$(ours diff "$@" | sort)" "$want"
}

make_odd tree
commit () { "$OSTREE" --repo="$T/peer.$mode" commit -b "$1" --timestamp=$WHEN "${@:3}" "$2" >/dev/null; }

mkdir -p a/d/e a/gone/sub a/same a/dirtofile a/z
echo 1 >a/d/f && echo 1 >a/d/e/g && echo x >a/gone/sub/y && echo k >a/same/k && ln -s q a/link && echo t >a/type
: >a/dirtofile/in && echo f >a/filetodir && echo 1 >a/zz && echo 1 >a/mode && echo 1 >a/xattr
cp -a a b
rm -r b/gone b/dirtofile b/link b/type b/filetodir
echo 2 >b/d/f && echo 22 >b/zz && chmod 700 b b/d b/d/e && echo 2 >b/d/e/g && chmod 600 b/mode && setfattr -n user.x -v y b/xattr
mkdir -p b/new/deep/er b/filetodir b/d/n && : >b/new/deep/z && : >b/new/a && ln -s qq b/link && ln -s u b/type && echo h >b/dirtofile
: >b/filetodir/inner && : >b/d/n/x && : >b/d/m && : >b/d/e/n && : >b/aa && chmod 700 b/same && mkdir b/y

for mode in $MODES; do
  init_both "$mode"
  canonical=
  [ "$mode" != bare-user-only ] || canonical=--canonical-permissions
  # shellcheck disable=SC2086
  { commit m a $canonical && commit m b $canonical; }
  if [ "$mode" != bare-user-only ]; then
    commit odd tree
    commit other tree/names
  fi
  rm -rf "$T/ours.$mode" && cp -a "$T/peer.$mode" "$T/ours.$mode"
  agree "$mode: two commits" diff m^ m
  agree "$mode: the other way" diff m m^
  agree "$mode: with the parent" diff m
  agree "$mode: nothing" diff m m
  agree "$mode: --stats" diff --stats m
  agree "$mode: --stats --fs-diff" diff --stats --fs-diff m m^
  agree "$mode: --fs-diff" diff --fs-diff m
  [ "$mode" != bare-user-only ] || continue
  agree "$mode: everything odd" diff odd other
  agree "$mode: --stats of it" diff --stats odd other
  same_lines "$mode: a commit and its directory" odd ./tree
  same_lines "$mode: a directory and its commit" ./tree odd
  same_lines "$mode: a commit and another directory" m ./a
  same_lines "$mode: a directory and a commit" ./a m
  same_lines "$mode: an absolute path" "$T/b" m^
  same_lines "$mode: as if of another owner" --owner-uid=5 --owner-gid=6 m ./b
  same_lines "$mode: --no-xattrs" --no-xattrs m ./b
done

mode=bare
same_lines "two directories" ./a ./b
same_lines "the other way" ./b ./a
mkdir special && mkfifo special/fifo && mknod special/dev c 1 3 && mknod special/wh c 0 0
same_lines "devices" m ./special
same_lines "devices, the other way" ./special m
refuse "no argument" "REV must be specified" diff
refuse "no such revision" "Refspec 'none' not found" diff none
refuse "no parent" "has no parent" diff m^
refuse "no such directory" "No such file or directory" diff m /nowhere
refuse "no number" "Cannot parse integer value .*x.* for --owner-uid" diff --owner-uid=x m ./a
refuse "--stats of a directory" "stats" diff --stats m ./a

done_testing
