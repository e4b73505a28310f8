# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Every mode and option of checkout, the same repository checked out by both tools: names, types,
# modes, owners, contents, xattrs, directories' times, and which files are hardlinks.
. "$(dirname "$0")/common.sh"
make_odd odd

# What treedump doesn't show: is it linked from the repository, and is its time the stored one?
# Symlinks of bare-user-only are linked by us, made new by the peer; a symlink can't be written to.
traits ()
{
  (cd "$1" && find . -printf '%P %y %n %Ts\n' | LC_ALL=C sort | awk '
    { links = $(NF-1); time = $NF; type = $(NF-2)
      $(NF) = ""; $(NF-1) = ""
      print $0, (type == "f" && links > 1 ? "linked" : ""), (type != "l" && time == 0 ? "stored-time" : "") }')
}

# both NAME OPTION...: the branch `odd`; the same exit status, and on success the same result.
both ()
{
  local name=$1 theirs status_of_peer
  shift
  rm -rf p o
  run peer checkout "$@" odd p
  status_of_peer=$status theirs=$err
  run "$UNDERLAY" --repo="peer.$mode" checkout "$@" odd o
  if [ "$status" != "$status_of_peer" ]; then
    fail "$name" "status $status: $err"
    diag "peer: $status_of_peer: $theirs"
  elif [ "$status" != 0 ]; then
    if [ -n "$err" ] && [[ $err != *$'\n'* ]]; then pass "$name: refused by both"; else fail "$name: one line of error" "$err"; fi
  elif diff -u --label peer --label ours <(treedump --no-links p; traits p) <(treedump --no-links o; traits o) >difference; then
    pass "$name"
  else
    fail "$name" "$(head -20 difference)"
  fi
}

for m in $MODES; do
  init_both "$m"
  opts=()
  [ "$m" != bare-user-only ] || opts=(--canonical-permissions --no-xattrs)
  peer commit -b odd --timestamp=$WHEN "${opts[@]}" odd >/dev/null
  for o in '' -U -H -UH -C -UC -M '-UM --disable-cache' -CM -z '--disable-cache' '-U --disable-cache' --fsync=true --fsync=false \
    --union --union-add '--union-identical -H' '--union-identical -UH' '--subpath=/modes' '--subpath=xattrs/many' \
    '--subpath=/modes/4755' '--subpath=/links/plain' '--subpath=/sizes/0' '--subpath=/nope' '--subpath=/sizes/0/x' \
    '--allow-noent --subpath=/modes' --whiteouts --process-passthrough-whiteouts; do
    # shellcheck disable=SC2086
    both "$m: $o" $o
  done
  both "$m: from a subdirectory" -U --subpath=/deep/directory-number-0/directory-number-1
  printf '%s\n' /sizes/1 /modes/d0755/ /names/dirs /hard/sub/ /nowhere '/names/sp ace' >skip
  both "$m: --skip-list" --skip-list=skip
  printf '/1\n/sizes/1\n' >skip
  both "$m: --skip-list with --subpath of a file" --skip-list=skip --subpath=/sizes/1
  printf '/\n' >skip
  run peer checkout --skip-list=skip odd none.p
  is "$m: a skipped root" "$status $(test -e none.p || echo nothing)" "0 nothing"
  run "$UNDERLAY" --repo="peer.$m" checkout --skip-list=skip odd none.o
  is "$m: is nothing to do" "$status $(test -e none.o || echo nothing)" "0 nothing"

  # And the peer checks out what we committed.
  ours commit -b odd --timestamp=$WHEN "${opts[@]}" odd >/dev/null
  rm -rf p o
  peer checkout -U odd p
  "$OSTREE" --repo="ours.$m" checkout -U odd o
  ok "$m: our repository, the peer's checkout" diff -u --label peer --label ours <(treedump --no-links p) <(treedump --no-links o)
done

# An archive's cache: each links from what the other has left there.
mode=archive
cache=peer.archive/uncompressed-objects-cache
rm -rf $cache
peer checkout -U odd cache.p && "$UNDERLAY" --repo=peer.archive checkout -U odd cache.o
is "we link from the peer's cache" "$(stat -c %i cache.o/sizes/noise)" "$(stat -c %i cache.p/sizes/noise)"
(cd $cache && find . -type f -printf '%P %m %U:%G %s\n' | sort) >cache.peer
rm -rf $cache cache.o cache.p
"$UNDERLAY" --repo=peer.archive checkout -U odd cache.o && peer checkout -U odd cache.p
is "the peer links from ours" "$(stat -c %i cache.o/sizes/noise)" "$(stat -c %i cache.p/sizes/noise)"
(cd $cache && find . -type f -printf '%P %m %U:%G %s\n' | sort) >cache.ours
ok "the same files are in it" cmp cache.peer cache.ours

# As somebody who isn't root, from a repository of their own.
if command -v setpriv >/dev/null; then
  chmod 755 . && mkdir user && chown 1234:1234 user
  as () { setpriv --reuid 1234 --regid 1234 --clear-groups "$@"; }
  if as test -x "$UNDERLAY"; then
    cp -r odd/sizes user/tree && chown -R 1234:1234 user/tree
    (
      cd user
      for m in $MODES; do
        as "$OSTREE" --repo="r.$m" init --mode="$m"
        opts=(--owner-uid=1234 --owner-gid=1234)
        [ "$m" != bare-user-only ] || opts=(--canonical-permissions)
        as "$OSTREE" --repo="r.$m" commit -b t "${opts[@]}" tree >/dev/null
      done
    )
    for m in $MODES; do
      for o in '' -U -H -UH -C; do
        rm -rf user/p user/o
        # shellcheck disable=SC2086
        run as "$OSTREE" --repo="user/r.$m" checkout $o t user/p
        want=$status
        # shellcheck disable=SC2086
        run as "$UNDERLAY" --repo="user/r.$m" checkout $o t user/o
        is "as a user, $m $o: the same status" "$status" "$want"
        [ "$want" != 0 ] || is "and the same tree" "$(treedump --no-links user/o; traits user/o)" "$(treedump --no-links user/p; traits user/p)"
      done
    done
  else
    skip "as a user" "the program can't be run by others"
  fi
fi

done_testing
