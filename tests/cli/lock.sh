#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Waiting for the repository's lock: --lock-timeout, and who holds it

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

# The command is cut off at 100 bytes in messages: a short name for it.
cp "$SRC/tests/lib/hold-lock" .

# hold KIND: another process has the lock, and is $holder, until `release`
hold ()
{
  coproc HOLD { exec ./hold-lock r/.lock "$1" 2>/dev/null; }
  holder=$HOLD_PID
  read -r _ <&"${HOLD[0]}"
}
release ()
{
  # shellcheck disable=SC1083,SC2093
  exec {HOLD[1]}>&-
  wait "$holder" || true
}

u init
mkdir tree
echo one >tree/file
one=$(u commit -b main --timestamp=@1 tree)
echo two >tree/file
u commit -b main --timestamp=@2 tree

# --- not at all

hold exclusive
fails_with "a commit that doesn't wait" \
           "^error: Locking repo r shared: held by process $holder \(.*hold-lock r/.lock exclusive\) \(waited 0 seconds\)$" \
           u commit --lock-timeout=0 -b main tree
fails_with "reset that doesn't wait" "Locking repo r shared: held by process $holder" u reset --lock-timeout=0 main main^
start=$SECONDS
run u commit -b main --lock-timeout 1 tree
is "a commit that waits a second" "$status $((SECONDS - start < 10))" "1 1"
like "says how long it waited" "$err" "\(waited 1 second\)$"
ok "reading takes no lock" u ls main
ok "nor does fsck that changes nothing" u fsck -q --lock-timeout=0

# --- while waiting

run u commit -b main --lock-timeout=2 tree
is "after a second it says who holds the lock, then fails" \
   "$status $(sed -E "s/process $holder .*exclusive\)/PROCESS/" <<<"$err")" \
   "1 Waiting for the lock of the repository, held by PROCESS"$'\n'"error: Locking repo r shared: held by PROCESS (waited 2 seconds)"
fails_with "not with --quiet" "waited 2 seconds" u commit -q -b main --lock-timeout=2 tree
"$UNDERLAY" --repo=r commit -b waits --lock-timeout=-1 --timestamp=@3 tree >commit.out 2>commit.err &
waiter=$!
until grep -q Waiting commit.err; do sleep 0.1; done
release
wait "$waiter"
is "and goes on when it's released" "$(u rev-parse waits)" "$(cat commit.out)"

# --- shared

hold shared
ok "writers don't exclude each other" u commit --lock-timeout=0 -b main tree
ok "reset is one" u reset --lock-timeout=0 main "$one"
is "it did it" "$(u rev-parse main)" "$one"
rm -f r/objects/*/*.file
run u fsck --delete --lock-timeout=0
like "what removes objects is excluded" "$err" "Locking repo r exclusive: held by process $holder "
release

# --- the configuration

u config set core.lock-timeout-secs 0
hold exclusive
fails_with "core.lock-timeout-secs" "waited 0 seconds" u commit -b main tree
u config set core.lock-timeout-secs 300
fails_with "the option goes before it" "waited 0 seconds" u commit --lock-timeout=0 -b main tree
release

# --- what it takes

for bad in '' x 1s -2 99999999999; do
  fails_with "--lock-timeout='$bad'" "^error: --lock-timeout must be a number of seconds, or -1 for ever, not '$bad'$" \
             u commit --lock-timeout="$bad" -b main tree
done
fails_with "verbs that take no lock don't have it" "^error: Unknown option --lock-timeout" u ls --lock-timeout=1 main
ok "its value isn't taken for the verb" u --lock-timeout 1 commit -b main tree

# --- holders that can't be looked at

if [ "$(id -u)" = 0 ]; then
  hold exclusive
  chmod -R a+rwX r
  chmod a+rwx .
  chmod a+x "$T"
  fails_with "another user's process has no name" "held by another process \(waited" \
             setpriv --reuid=65534 --clear-groups "$UNDERLAY" --repo="$T/r" commit --lock-timeout=0 -b main tree
  release
else
  skip "another user's process has no name" "needs root"
fi

done_testing
