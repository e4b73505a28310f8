#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Every key of ostree.repo-config(5) is described in our page: it does the same, has no effect, or is refused.

. "$(dirname "$0")/cli-lib.sh"

theirs ()
{
  MANWIDTH=100 man -E ascii ostree.repo-config 2>/dev/null | col -bx \
    | awk '/^\[CORE\]/ { on = 1; next } /^[^ ]/ { on = 0 } on && /^       [a-z_-]+$/ { print $1 }' | sort
}

if man -w ostree.repo-config >/dev/null 2>&1; then
  like "ostree's page has keys" "$(theirs)" "auto-update-summary.*repo_version"
  page=$(sed 's/\\-/-/g; s/\\f[BRIP]/ /g' "$SRC/docs/man/underlay-repo-config.5")
  missing=
  for key in $(theirs); do
    grep -qE "^\.B .*\b$key\b" <<<"$page" || missing+=" $key"
  done
  is "ours has each of them" "$missing" ""
else
  skip "ours has each of them" "no manual page of ostree's"
fi

mkdir tree
echo hi >tree/file
setfattr -n user.foo -v bar tree/file
"$OSTREE" init --repo=r --mode=archive
R=--repo=r
set_key () { "$OSTREE" $R config set "$1" "$2"; }

# --- the same effect

set_key core.disable-xattrs true
is "disable-xattrs" "$("$UNDERLAY" $R commit --orphan --timestamp=@1 tree)" "$("$OSTREE" $R commit --orphan --timestamp=@1 tree)"
same ls $R -X "$("$OSTREE" $R commit -b main --timestamp=@1 tree)"
"$OSTREE" $R config unset core.disable-xattrs

# --- no effect

for pair in core.payload-link-threshold=1 core.add-remotes-config-dir=false 'core.default-repo-finders=config;' \
            core.no-deltas-in-summary=true ex-fsverity.opportunistic=true sysroot.bootloader=none; do
  set_key "${pair%%=*}" "${pair#*=}"
done
is "keys that say nothing to us" "$("$UNDERLAY" $R commit --orphan --timestamp=@1 tree)" \
   "$("$OSTREE" $R commit --orphan --timestamp=@1 tree)"

# --- refused

for key in core.auto-update-summary core.commit-update-summary ex-fsverity.required; do
  set_key $key true
  refused="writing to repo r: its setting $key is not supported$"
  fails_with "$key: commit" "^error: $refused" "$UNDERLAY" $R commit -b other tree
  fails_with "$key: refs --create" "$refused" "$UNDERLAY" $R refs --create=new main
  fails_with "$key: refs --create --alias" "$refused" "$UNDERLAY" $R refs -A --create=new main
  fails_with "$key: refs --delete" "$refused" "$UNDERLAY" $R refs --delete main
  fails_with "$key: reset" "$refused" "$UNDERLAY" $R reset main main
  ok "$key: reading goes on" "$UNDERLAY" $R ls main
  ok "$key: and it can be unset" "$UNDERLAY" $R config unset $key
done
is "nothing was written" "$("$UNDERLAY" $R refs)" main
fails_with "not true or false" "^error: writing config: core.auto-update-summary: not true or false$" \
           "$UNDERLAY" $R config set core.auto-update-summary maybe

done_testing
