# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the cli-*.sh scripts share: the same words given to both programs must give the same standard output
# and exit status. Where an error's text is part of the contract, the last line of standard error too:
# ostree prints its usage before some.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd "$OSTREE"

# same WORDS...: output and status
same ()
{
  local status out err want_status want_out
  run "$OSTREE" "$@"
  want_status=$status want_out=$out
  run "$UNDERLAY" "$@"
  if [ "$status" = "$want_status" ] && [ "$out" = "$want_out" ]; then
    pass "$*"
  else
    fail "$*" "$(diff -u --label ostree <(echo "$want_status $want_out") --label underlay <(echo "$status $out") || true)"
    diag "stderr: $err"
  fi
}

# same_error WORDS...: the same, both fail, with the same message
same_error ()
{
  local status out err want_out want_err want_status
  run "$OSTREE" "$@"
  want_status=$status want_out=$out want_err=$(tail -n 1 <<<"$err")
  run "$UNDERLAY" "$@"
  if [ "$status $want_status" = "1 1" ] && [ "$out" = "$want_out" ] && [ "$err" = "$want_err" ]; then
    pass "$*"
  else
    fail "$*" "wanted: $want_status $want_out$want_err"
    diag "got:    $status $out$err"
  fi
}

# same_sorted WORDS...: output without regard to its order (ostree's is that of a hash table)
same_sorted ()
{
  local status out err want_status want_out
  run "$OSTREE" "$@"
  want_status=$status want_out=$(sort <<<"$out")
  run "$UNDERLAY" "$@"
  is "$*" "$status $(sort <<<"$out")" "$want_status $want_out"
}

# on_copies NAME WORDS...: run by each program on its own copy of r;
# then the two repositories are the same too
on_copies ()
{
  local name=$1 a b rc_a=0 rc_b=0
  shift
  rm -rf r-ostree r-underlay
  cp -a r r-ostree && cp -a r r-underlay
  a=$("$OSTREE" --repo=r-ostree "$@" 2>/dev/null) || rc_a=$?
  b=$("$UNDERLAY" --repo=r-underlay "$@" 2>"$T/stderr") || rc_b=$?
  is "$name: output and status" "$rc_b $b" "$rc_a $a"
  is "$name: refs and configuration" "$(state_of r-underlay)" "$(state_of r-ostree)"
}

state_of ()
{
  cat "$1/config"
  (cd "$1" && find refs ! -type d -printf '%p %l ' \( -type f -exec cat {} + -o -printf '\n' \))
  (cd "$1" && find objects -type f | sort)
}

# A tree with the things that are printed in their own way.
make_tree ()
{
  mkdir -p tree/usr/bin tree/etc tree/opaque
  echo hi >tree/usr/bin/prog
  chmod 4755 tree/usr/bin/prog
  ln -s ../x tree/etc/link
  echo conf >tree/etc/conf
  truncate -s 1234567 tree/etc/large
  setfattr -n user.foo -v bar tree/etc/conf
  setfattr -n user.bin -v 0x000102ff tree/etc/conf
  touch "tree/etc/sp ace" $'tree/etc/nl\nx' tree/etc/ünï tree/top
  chmod 1777 tree/opaque
  if [ "$(id -u)" = 0 ]; then
    setfattr -n trusted.overlay.opaque -v y tree/opaque
    chown 1000:70000 tree/etc/large
  fi
}

# A history of three commits with odd metadata in r.
make_repo ()
{
  make_tree
  "$OSTREE" init --repo=r "$@"
  one=$("$OSTREE" --repo=r commit -b main -s First -m $'body line1\nline2' --timestamp='2020-01-02 03:04:05 UTC' \
    --add-metadata-string=version=1.0 --add-metadata='n=uint32 5' tree)
  two=$("$OSTREE" --repo=r commit -b main -s Second --timestamp=@1600000000 --add-detached-metadata-string=det=val tree)
  echo more >tree/usr/more
  three=$("$OSTREE" --repo=r commit -b main -s $'two\nlines' -m $'\nq\n\n' --timestamp=@-5 tree)
  "$OSTREE" --repo=r refs --create=dev/x main
  "$OSTREE" --repo=r refs --create=dev/y main^
  "$OSTREE" --repo=r refs --create=alias -A main
  "$OSTREE" --repo=r refs --create=rem:foo/bar main^
}
