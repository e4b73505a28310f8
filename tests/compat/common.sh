# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the scripts of this folder share: trees with everything odd in them, and one command given to
# both tools. The repositories are $T/ours.MODE and $T/peer.MODE; $mode says which.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd "$OSTREE" setfattr setcap

WHEN=@1577934245
MODES='bare bare-user bare-user-only archive'

init_both ()
{
  mode=$1
  rm -rf "$T/ours.$mode" "$T/peer.$mode"
  "$UNDERLAY" init --repo="$T/ours.$mode" --mode="$mode"
  "$OSTREE" init --repo="$T/peer.$mode" --mode="$mode"
}

ours () { "$UNDERLAY" --repo="$T/ours.$mode" "$@"; }
peer () { "$OSTREE" --repo="$T/peer.$mode" "$@"; }

# agree NAME VERB ARG...: both succeed and print the same.
agree ()
{
  local name=$1 want
  shift
  run peer "$@"
  if [ "$status" != 0 ]; then
    fail "$name: the peer" "$err"
    return 0
  fi
  want=$out
  run ours "$@"
  if [ "$status" = 0 ] && [ "$out" = "$want" ]; then
    pass "$name"
  else
    fail "$name" "status: $status"
    diag "$(diff -u --label peer --label ours <(echo "$want") <(echo "$out") | head -40)"
    diag "stderr: $err"
  fi
}

# refuse NAME RE VERB ARG...: both fail, we with one line that matches RE.
refuse ()
{
  local name=$1 re=$2
  shift 2
  run peer "$@"
  if [ "$status" != 1 ]; then
    fail "$name: the peer ended with $status"
    return 0
  fi
  fails_with "$name" "$re" ours "$@"
}

# Every line of `ls -R -C -X` has metadata, xattrs, content checksum and name of an entry.
same_listing () { agree "$1" ls -R -C -X "$2"; }

name255 () { printf "%0255d" 7; }

# One directory for each kind of odd thing, so that a difference says which it is.
make_odd ()
{
  local top=$1 d i
  mkdir -p "$top"
  (
    cd "$top"
    mkdir empty
    mkdir sizes && : >sizes/0 && printf x >sizes/1
    for i in 4095 4096 65535 65536 65537 1048577; do head -c "$i" /dev/zero | tr '\0' q >"sizes/$i"; done
    head -c 300000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >sizes/noise 2>/dev/null
    truncate -s 8M sizes/sparse && printf end >>sizes/sparse
    mkdir names
    for i in "$(name255)" $'new\nline' $'tab\there' 'sp ace' ' lead' 'trail ' 'Grüße' '日本' '-dash' '#hash' \
      'a' 'a.b' 'a-b' 'A' 'a b' '...' '.hidden' 'back\slash' '"quote"' "'single'" '*star' $'\x01\x7f'; do
      printf '%s' "$i" >"names/$i"
    done
    mkdir -p names/dirs/a names/dirs/a.b names/dirs/B names/dirs/"$(name255)"
    mkdir modes
    for i in 0000 0400 0644 0755 0777 4755 2755 6711 1644 7777; do
      printf '%s' "$i" >"modes/$i" && chmod "$i" "modes/$i" && mkdir "modes/d$i" && chmod "$i" "modes/d$i"
    done
    mkdir owners
    for i in 1:1 1000:1000 0:42 65534:65534 4294967294:7; do
      printf x >"owners/$i" && mkdir "owners/d$i" && ln -s t "owners/l$i"
      chown -h "$i" "owners/$i" "owners/d$i" "owners/l$i"
    done
    mkdir links
    ln -s target links/plain
    ln -s /abs/olute links/absolute
    ln -s . links/dot
    ln -s $'new\nline Grüße' links/newline
    ln -s "$(printf '%01000d' 1)" links/long
    ln -s target links/xattr && setfattr -h -n trusted.note -v 'on a link' links/xattr
    mkdir hard
    printf shared >hard/one && ln hard/one hard/two && mkdir hard/sub && ln hard/one hard/sub/three
    ln -s s hard/sym && ln hard/sym hard/sym2
    mkdir xattrs
    for i in user empty cap overlay many big dir; do mkdir "xattrs/$i"; printf x >"xattrs/$i/f"; done
    setfattr -n user.note -v hello xattrs/user/f
    setfattr -n user.empty xattrs/empty/f
    setcap cap_net_raw,cap_net_admin=ep xattrs/cap/f
    setfattr -n trusted.overlay.opaque -v y xattrs/overlay
    setfattr -n trusted.overlay.origin -v 0x00fb21000102 xattrs/overlay/f
    setfattr -n user.overlay.opaque -v y xattrs/overlay
    for i in z b aa B _ 10 9; do setfattr -n "user.$i" -v "0x00ff0a$(printf %s "$i" | od -An -tx1 | tr -d " \n")" xattrs/many/f; done
    setfattr -n user.big -v "$(printf '%01500d' 1)" xattrs/big/f
    setfattr -n user.note -v 'on a directory' xattrs/dir
    setfattr -n trusted.note -v 'too' xattrs/dir
    d=deep
    for ((i = 0; i < 40; i++)); do d+=/directory-number-$i; done
    mkdir -p "$d" && printf bottom >"$d/f"
  )
}

ODD='empty sizes names modes owners links hard xattrs deep'

# beside TOOL ARG...: for writers beside others. ostree 2022.7 fails when another's staging directory goes
# between its listing and its opening of it; that is tried again, nothing else is.
beside ()
{
  local why
  until why=$("$@" 2>&1 >/dev/null); do
    if [ "$1" != "$OSTREE" ] || [[ $why != *"opendir(staging-"*"): No such file or directory" ]]; then
      diag "$*: $why"
      return 1
    fi
  done
}
