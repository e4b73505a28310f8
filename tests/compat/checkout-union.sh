# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The whole union table: each thing that can exist, each thing that can come, each union mode, the same
# by both tools. The one intended difference: we never go through a symlink in the target.
. "$(dirname "$0")/common.sh"

mkdir -p src/file src/empty src/symlink src/dir/n
echo same >src/file/n
: >src/empty/n
ln -s tgt src/symlink/n
echo in >src/dir/n/inner

existing ()
{
  case $1 in
    none) ;;
    same) echo same >"$2" ;;
    other-mode) echo same >"$2" && chmod 600 "$2" ;;
    other-owner) echo same >"$2" && chown 7:7 "$2" ;;
    other-xattr) echo same >"$2" && setfattr -n user.x -v y "$2" ;;
    different) echo different >"$2" ;;
    same-size) echo SAME >"$2" ;;
    empty) : >"$2" ;;
    dir) mkdir "$2" ;;
    full-dir) mkdir "$2" && echo k >"$2/kept" ;;
    private-dir) mkdir -m 700 "$2" ;;
    link) ln -s tgt "$2" ;;
    other-link) ln -s tgt2 "$2" ;;
    link-to-dir) ln -s realdir "$2" ;;
    fifo) mkfifo "$2" ;;
    whiteout) mknod "$2" c 0 0 ;;
  esac
}
EVERYTHING='none same other-mode other-owner other-xattr different same-size empty dir full-dir private-dir link other-link link-to-dir fifo whiteout'

# target DIR KIND
target ()
{
  rm -rf "$1"
  mkdir -p "$1/realdir"
  existing "$2" "$1/n"
}

# Everything of the small targets there are here, quicker than treedump.
show ()
{
  (cd "$1" && find . -printf '%P %y %m %U:%G %s %l\n' | LC_ALL=C sort | sed 's/^\(.* d .*\) [0-9]* $/\1/'
    getfattr -dhm- n 2>/dev/null
    [ -L n ] || [ ! -f n ] || cat n)
}

try ()
{
  local name=$1 kind=$2 p_status
  shift 2
  target p "$kind"
  run peer checkout "$@" t p
  p_status=$status
  target o "$kind"
  run "$UNDERLAY" --repo="peer.$mode" checkout "$@" t o
  if [ "$kind" = link-to-dir ] && [[ $* == *--subpath=dir* ]]; then
    is "$name: refused" "$status|$err|$(ls o/realdir)" "1|error: checkout /n: a symlink is in the way of a directory|"
    return 0
  fi
  is "$name" "$status $(show o)" "$p_status $(show p)"
  [ "$status" = 0 ] || like "$name: one line" "$err" "^error: checkout /n: [^"$'\n'"]*$"
}

# The mode matters only for what is copied and what is compared.
SOME='none same other-mode other-owner other-xattr different dir link other-link link-to-dir whiteout'

for setting in 'bare' 'bare -C' 'bare-user -U' 'archive' 'bare-user-only -U'; do
  # shellcheck disable=SC2086
  set -- $setting
  mode=$1
  shift
  opts=()
  kinds=$SOME
  [ "$setting" != bare ] || kinds=$EVERYTHING
  [ "$mode" != bare-user-only ] || opts=(--canonical-permissions)
  init_both "$mode"
  peer commit -b t "${opts[@]}" src >/dev/null
  for unite in --union --union-add '--union-identical -H'; do
    case "$unite $setting" in *-identical*archive* | *-identical*-C*) continue ;; esac
    for incoming in file empty symlink dir; do
      for kind in $kinds; do
        # shellcheck disable=SC2086
        try "$setting $unite: $incoming over $kind" "$kind" $unite "$@" --subpath=$incoming
      done
    done
  done
done

done_testing
