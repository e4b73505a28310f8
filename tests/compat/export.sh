#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# export: without xattrs (which ostree loses) the same bytes; with them, what comes back through either importer
# is the tree that was exported.

. "$(dirname "$0")/common.sh"

# same_tar NAME ARG...: byte for byte on standard output and with -o
same_tar ()
{
  local name=$1
  shift
  peer export "$@" >peer.tar && ours export "$@" >ours.tar
  if cmp -s peer.tar ours.tar; then pass "$name"; else fail "$name" "$(cmp peer.tar ours.tar 2>&1 || true)"; fi
}

root_of () { "$1" --repo="$2" ls -d -C -X "$3" | head -1; }

make_odd tree
# Lengths around the 100 bytes of a header's fields, for files, directories and targets.
mkdir tree/long
for n in 90 91 92 93 94 95 96 97 98 99 100 150; do
  name=$(printf "%0${n}d" 7)
  : >"tree/long/f$name" && mkdir "tree/long/d$name" && ln -s "$name" "tree/long/l$n" && ln -s "$name" "tree/long/m$name"
done
setfattr -n user.top -v x tree

for mode in $MODES; do
  init_both "$mode"
  what=$ODD
  [ "$mode" != bare-user-only ] || what='empty sizes names links hard deep'
  for sub in $what long; do
    "$OSTREE" --repo="$T/peer.$mode" commit -b "$sub" --timestamp=$WHEN "tree/$sub" >/dev/null
    "$OSTREE" --repo="$T/ours.$mode" pull-local "$T/peer.$mode" "$sub" >/dev/null
    same_tar "$mode: $sub" --no-xattrs "$sub"
  done
done

mode=archive
same_tar "--prefix" --no-xattrs --prefix=pre/fix names
same_tar "--prefix with slashes" --no-xattrs --prefix=/pre/fix/ names
same_tar "an empty --prefix" --no-xattrs --prefix= names
same_tar "--subpath" --no-xattrs --subpath=/dirs names
same_tar "--subpath and --prefix" --no-xattrs --subpath=dirs/a --prefix=x/ names
same_tar "nothing to lose: xattrs or not" names
peer export -o peer.tar names && ours export -o ours.tar names
ok "-o" cmp peer.tar ours.tar
for when in 0 -5 8589934591 8589934592 99999999999; do
  peer commit -b time --timestamp=@$when tree/empty >/dev/null
  "$OSTREE" --repo="$T/ours.archive" pull-local "$T/peer.archive" time >/dev/null
  same_tar "time $when" time
done
refuse "no such subpath" "No such file or directory: /none" export --subpath=/none names
refuse "no such commit" "Refspec 'none' not found" export none
refuse "no commit" "A COMMIT argument is required" export

# The whole tree through a tar and back, by ostree's importer.
"$UNDERLAY" --repo="$T/ours.archive" commit -b all --timestamp=$WHEN tree >/dev/null
"$OSTREE" init --repo=back --mode=archive
ok "ostree takes our archive" eval '"$UNDERLAY" --repo=$T/ours.archive export all | "$OSTREE" --repo=back commit -b all --tree=tar=- --timestamp=$WHEN'
is "and has the same tree" "$(root_of "$OSTREE" back all)" "$(root_of "$UNDERLAY" "$T/ours.archive" all)"
ok "with hardlinks too" eval '"$UNDERLAY" --repo=$T/ours.archive export --hardlinks all | "$OSTREE" --repo=back commit -b links --tree=tar=- --timestamp=$WHEN'
is "and has the same tree" "$(root_of "$OSTREE" back links)" "$(root_of "$UNDERLAY" "$T/ours.archive" all)"

# By ours, which needs no help with the locale; and as a layer, with its whiteouts.
"$UNDERLAY" init --repo=again --mode=archive
for options in '' --hardlinks --whiteouts=device '--compress=zstd -j1'; do
  # shellcheck disable=SC2086
  ok "our importer takes it ($options)" eval '"$UNDERLAY" --repo=$T/ours.archive export $options all |
    LC_ALL=C "$UNDERLAY" --repo=again commit -b all --tree=tar=- --timestamp=$WHEN'
  is "and has the same tree" "$(root_of "$UNDERLAY" again all)" "$(root_of "$UNDERLAY" "$T/ours.archive" all)"
done
mkdir -p layer/d/sub layer/opaque
: >layer/.ostree-wh.top && : >layer/d/.ostree-wh.-x && : >layer/d/sub/.ostree-wh.y && echo x >layer/opaque/new && chmod 640 layer/d/.ostree-wh.-x
setfattr -n trusted.overlay.opaque -v y layer/opaque && setfattr -n user.note -v x layer/opaque && chown 5:6 layer/d/.ostree-wh.-x
"$UNDERLAY" --repo="$T/ours.archive" commit -b layer --timestamp=$WHEN layer >/dev/null
for form in oci device; do
  ok "a layer with whiteouts ($form)" eval '"$UNDERLAY" --repo=$T/ours.archive export --whiteouts=$form layer |
    "$UNDERLAY" --repo=again commit -b layer --tree=tar=- --retarget-whiteouts --timestamp=$WHEN'
  is "comes back with its markers" "$(root_of "$UNDERLAY" again layer)" "$(root_of "$UNDERLAY" "$T/ours.archive" layer)"
done

# And by GNU tar, beside a checkout.
mkdir gnu
ok "GNU tar takes it" eval '"$UNDERLAY" --repo=$T/ours.archive export all | tar -x --xattrs --xattrs-include="*" --same-owner -p -C gnu'
"$UNDERLAY" --repo="$T/ours.archive" checkout all out
same_tree "and makes what a checkout makes" out gnu --no-links

done_testing
