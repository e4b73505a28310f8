# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# TAP for test scripts. A script starts with
#
#     . "$(dirname "$0")/../lib/tap.sh"
#
# and ends with `done_testing`. It is then in an empty directory of its own, $T, which is removed at
# the end, and has
#
#     $UNDERLAY  the program under test        $OSTREE    the peer
#     $SRC       top of the source tree        $BUILD     top of the build tree
#
# The script runs under `set -euo pipefail`: a command that fails outside a helper stops it, and
# that is a failure of the test. Stray output goes to the log, only the helpers write TAP.
#
#     ok NAME CMD...            CMD exits 0
#     nok NAME CMD...           CMD exits 1 (a crash, 99 or a signal is not a pass)
#     fails_with NAME RE CMD... CMD exits 1 with exactly one line on stderr, which matches RE
#     is NAME GOT WANT          equal strings          isnt NAME GOT OTHER
#     like NAME TEXT RE         TEXT matches RE        unlike NAME TEXT RE
#     same_tree NAME A B [OPTION...]  two trees are equal in everything lib/treedump shows with OPTIONs
#     run CMD...                sets $status, $out and $err; never stops the script
#     pass NAME / fail NAME [DIAGNOSTIC]
#     skip NAME REASON          one test that cannot run here
#     skip_all REASON           the script cannot run here at all (not root, no such kernel feature)
#     need_root, need_cmd CMD...  skip_all without it
#     private_mounts            go on in a mount namespace of its own; for whatever mounts
#     at_exit 'COMMAND'         run at the end, last one first, before $T goes
#     diag TEXT                 a comment in the log
#
# Inside `ok` and friends `set -e` is off, as always in bash where a status is tested: chain a
# multi-step body with &&.

set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
umask 022
unset OSTREE_REPO OSTREE_SYSROOT UNDERLAY_REPO UNDERLAY_SYSROOT CDPATH

SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${abs_top_builddir:-$SRC}
UNDERLAY=${UNDERLAY:-$BUILD/underlay}
# A script comes here again in a mount namespace of its own.
if [ -n "${UNDERLAY_TEST_JOBS:-}" ] && [ "$UNDERLAY" != "$SRC/tests/lib/forced-jobs" ]; then
  export UNDERLAY_TEST_PROGRAM=$UNDERLAY
  UNDERLAY=$SRC/tests/lib/forced-jobs
fi
OSTREE=${OSTREE:-ostree}
export SRC BUILD UNDERLAY OSTREE
# The system's own tools first: a python3 that a version manager's shim looks for takes ten times as long to start.
PATH=$SRC/tests/lib:/usr/bin:/bin:$PATH:/usr/sbin:/sbin

_tap_script=$(realpath "$0")
T=$(mktemp -d "${UNDERLAY_TEST_TMPDIR:-/var/tmp}/underlay-test.XXXXXX")
export T
cd "$T"

exec 3>&1 1>&2
_tap_count=0
_tap_failed=0
_tap_finished=
_tap_exit=()
_tap_pid=$BASHPID

_tap_cleanup ()
{
  local rc=$? i
  # A subshell inherits the trap in some cases; only the script itself cleans up.
  [ "$BASHPID" = "$_tap_pid" ] || return "$rc"
  set +e
  trap - ERR
  if [ -z "$_tap_finished" ]; then
    echo "Bail out! the script stopped with status $rc before its end" >&3
    [ "$rc" != 0 ] || rc=1
  fi
  for ((i = ${#_tap_exit[@]} - 1; i >= 0; i--)); do
    eval "${_tap_exit[i]}"
  done
  cd /
  rm -f "$T.out" "$T.err"
  if [ -z "${UNDERLAY_TEST_KEEP:-}" ]; then
    # Immutable files and mounts left by a test that stopped half way.
    awk -v t="$T/" 'index ($5, t) == 1 { print $5 }' /proc/self/mountinfo | sort -r \
      | while read -r m; do umount -l "$(printf '%b' "$m")"; done
    chattr -R -i "$T" 2>/dev/null
    chmod -R u+rwX "$T" 2>/dev/null
    rm -rf "$T"
  else
    echo "# kept $T" >&2
  fi
  exit "$rc"
}
trap _tap_cleanup EXIT
trap 'exit 143' TERM INT HUP
trap 'echo "# ${BASH_SOURCE[0]}:$LINENO: status $?: $BASH_COMMAND" >&2' ERR

at_exit () { _tap_exit+=("$1"); }

diag ()
{
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    printf '# %s\n' "$line" >&2
  done <<<"$*"
}

# _tap_line VERDICT NAME [DIRECTIVE]. TAP gives '#' and newlines a meaning.
_tap_line ()
{
  local n=${2//#/\\#}
  _tap_count=$((_tap_count + 1))
  printf '%s %d - %s%s\n' "$1" "$_tap_count" "${n//$'\n'/\\n}" "${3:-}" >&3
}

pass () { _tap_line "ok" "$1"; }

fail ()
{
  _tap_failed=$((_tap_failed + 1))
  _tap_line "not ok" "$1"
  [ $# -lt 2 ] || diag "${@:2}"
}

skip () { _tap_line "ok" "$1" " # SKIP $2"; }

skip_all ()
{
  printf '1..0 # SKIP %s\n' "$1" >&3
  _tap_finished=1
  exit 0
}

need_root () { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

need_cmd ()
{
  local c
  for c; do
    command -v "$c" >/dev/null || skip_all "needs $c"
  done
}

# Another script's private namespace would hold a mount made here, and with it a file system that this
# script takes for unmounted.
private_mounts ()
{
  local status=0
  if [ -n "${UNDERLAY_TEST_PRIVATE:-}" ]; then
    unset UNDERLAY_TEST_PRIVATE
    return 0
  fi
  unshare -m --propagation private true 2>/dev/null || skip_all "no mount namespaces here"
  UNDERLAY_TEST_PRIVATE=1 unshare -m --propagation private bash "$_tap_script" >&3 || status=$?
  _tap_finished=1
  exit "$status"
}

done_testing ()
{
  printf '1..%d\n' "$_tap_count" >&3
  _tap_finished=1
  [ "$_tap_failed" = 0 ] || exit 1
  exit 0
}

# Standard output and error are taken byte for byte apart from NUL and trailing newlines. They go to files beside $T,
# which stay there: this runs ten thousand times, and starts nothing but the command.
run ()
{
  status=0
  # The group takes what bash says of a command that was killed, and of a NUL.
  { "$@" >"$T.out" 2>"$T.err" 3>&-; } 2>/dev/null || status=$?
  { out=$(<"$T.out") err=$(<"$T.err"); } 2>/dev/null
}

_tap_show_run ()
{
  diag "command: $(printf '%q ' "$@")"
  diag "status: $status"
  [ -z "$out" ] || diag "stdout: $out"
  [ -z "$err" ] || diag "stderr: $err"
}

ok ()
{
  local name=$1
  shift
  run "$@"
  if [ "$status" = 0 ]; then pass "$name"; else fail "$name"; _tap_show_run "$@"; fi
}

nok ()
{
  local name=$1
  shift
  run "$@"
  if [ "$status" = 1 ]; then pass "$name"; else fail "$name"; _tap_show_run "$@"; fi
}

fails_with ()
{
  local name=$1 re=$2
  shift 2
  run "$@"
  if [ "$status" = 1 ] && [ -n "$err" ] && [[ $err != *$'\n'* ]] && [[ $err =~ $re ]]; then
    pass "$name"
  else
    fail "$name" "wanted: status 1 and one line on stderr matching: $re"
    _tap_show_run "$@"
  fi
}

is ()
{
  if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2"; diag "wanted: $3"; fi
}

isnt ()
{
  if [ "$2" != "$3" ]; then pass "$1"; else fail "$1" "got twice: $2"; fi
}

like ()
{
  if [[ $2 =~ $3 ]]; then pass "$1"; else fail "$1" "got: $2"; diag "wanted a match for: $3"; fi
}

unlike ()
{
  if [[ ! $2 =~ $3 ]]; then pass "$1"; else fail "$1" "got: $2"; diag "wanted no match for: $3"; fi
}

same_tree ()
{
  local a b
  a=$(mktemp -p "$T" .tree.XXXXXX) b=$(mktemp -p "$T" .tree.XXXXXX)
  if "$SRC/tests/lib/treedump" "${@:4}" "$2" >"$a" && "$SRC/tests/lib/treedump" "${@:4}" "$3" >"$b" && cmp -s "$a" "$b"; then
    pass "$1"
  else
    fail "$1" "$(diff -u --label "$2" --label "$3" "$a" "$b" | head -40)"
  fi
  rm -f "$a" "$b"
}
