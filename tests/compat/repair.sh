# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Repairs as the peer sees them: a repository that it made, damaged and repaired by us in each mode, from one of each
# other mode and from a checkout of either tool, is clean for its fsck, and quarantine is nothing to it.
. "$(dirname "$0")/common.sh"

make_odd src
# damage REPO: every third file corrupt, every third missing
damage ()
{
  local f i=0
  find "$1/objects" \( -name '*.file' -o -name '*.filez' \) | sort >files
  while read -r f; do
    i=$((i + 1))
    case $((i % 3)) in
      0) rm -f "$f" ;;
      1) if [ -f "$f" ] && [ ! -L "$f" ]; then printf 'XYZ' | dd of="$f" bs=1 conv=notrunc status=none; fi ;;
    esac
  done <files
}

opts=()
for mode in $MODES; do
  init_both "$mode"
  opts=("--timestamp=$WHEN")
  [ $mode != bare-user-only ] || opts+=(--canonical-permissions)
  peer commit -b main "${opts[@]}" src >/dev/null
done
for mode in $MODES; do
  sources=
  for s in $MODES; do
    # Canonical commits are others.
    if { [ $s = bare-user-only ] && [ $mode = bare-user-only ]; } || { [ $s != bare-user-only ] && [ $mode != bare-user-only ]; }; then
      sources+=" $s"
    fi
  done
  for s in $sources; do
    rm -rf r && cp -a "peer.$mode" r
    damage r
    find r/objects -name '*.dirtree' -o -name '*.dirmeta' | sort | sed -n '1p;2p' | while read -r f; do printf x >"$f"; done
    nok "$mode: the peer finds the damage" "$OSTREE" --repo=r fsck -q --all
    ok "$mode from $s: repaired" "$UNDERLAY" --repo=r fsck -q --repair="peer.$s"
    ok "$mode from $s: the peer's fsck" "$OSTREE" --repo=r fsck -q --all
    is "$mode from $s: no mark" "$(ls r/state)" ""
    rm -rf back
    ok "$mode from $s: it checks out" "$OSTREE" --repo=r checkout -U main back
  done
  for tool in "$OSTREE" "$UNDERLAY"; do
    rm -rf r out && cp -a "peer.$mode" r
    case $mode in
      bare-user-only) "$tool" --repo=r checkout -UC main out ;;
      *) "$tool" --repo=r checkout -C main out 2>/dev/null || "$tool" --repo=r checkout main out ;;
    esac
    damage r
    ok "$mode from a checkout of ${tool##*/}: repaired" "$UNDERLAY" --repo=r fsck -q --repair=out
    ok "$mode from a checkout of ${tool##*/}: the peer's fsck" "$OSTREE" --repo=r fsck -q --all
  done
done

# Set aside without a sound one: the peer's pull brings it, its prune and fsck leave quarantine alone.
rm -rf r empty && cp -a peer.archive r
"$OSTREE" init --repo=empty --mode=archive
damage r
run "$UNDERLAY" --repo=r fsck --repair=empty
is "nothing to repair it from" "$status" 1
isnt "the corrupt ones are set aside" "$(ls r/extensions/underlay/quarantine/*)" ""
before=$(find r/extensions | sort)
run "$OSTREE" --repo=r fsck -q
like "for the peer the commit is partial" "$err" "partial commits from fsck-detected corruption"
ok "its prune" "$OSTREE" --repo=r prune --refs-only
ok "its pull brings all" "$OSTREE" --repo=r pull-local peer.archive main
ok "and all is sound" "$OSTREE" --repo=r fsck -q --all
ok "for us, too" "$UNDERLAY" --repo=r fsck
is "quarantine is what it was" "$(find r/extensions | sort)" "$before"

done_testing
