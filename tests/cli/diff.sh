#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# diff: commits and directories, JSON, whiteouts. The order of lines and --stats against the peer:
# tests/compat/diff.sh.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
# json ARG...: a line an entry: change, path, what, whiteout
json ()
{
  u diff --json "$@" | python3 -c '
import json, sys
for e in json.load(sys.stdin):
    kinds = "/".join(e[k]["type"] if e[k] else "-" for k in ("old", "new"))
    print(e["change"], e["path"], ",".join(e["what"] or []), kinds, e["whiteout"] or "")'
}
commit () { u commit -b main --timestamp=@0 --owner-uid=0 --owner-gid=0 "$@" >/dev/null; }

u init --mode=archive
mkdir -p tree/dir/sub tree/gone/sub
echo one >tree/content && echo one >tree/mode && echo one >tree/xattr && echo one >tree/same && ln -s a tree/link
echo one >tree/type && echo x >tree/gone/sub/f && echo 1 >tree/dir/sub/f
commit tree
rm -rf tree/gone tree/type tree/link
echo two >tree/content && chmod 600 tree/mode && setfattr -n user.x -v y tree/xattr && ln -s b tree/link
mkdir -p tree/type tree/new/sub && : >tree/type/in && : >tree/new/sub/f && chmod 700 tree/dir && echo longer >tree/dir/sub/f
commit tree

# --- lines

is "with the parent: what differs, what is gone, what is new" "$(u diff main)" "M    /content
M    /link
M    /mode
M    /type
M    /xattr
M    /dir
M    /dir/sub/f
D    /gone
A    /new
A    /new/sub
A    /new/sub/f"
is "nothing" "$(u diff main main)" ""
is "--stats alone" "$(u diff --stats main | wc -l)" 4

# --- JSON

is "--json says what of it, and all below" "$(json main)" "modified /content content file/file 
modified /link content symlink/symlink 
modified /mode mode file/file 
modified /type type,mode file/directory 
added /type/in  -/file 
modified /xattr xattrs file/file 
modified /dir mode directory/directory 
modified /dir/sub/f content file/file 
removed /gone  directory/- 
removed /gone/sub  directory/- 
removed /gone/sub/f  file/- 
added /new  -/directory 
added /new/sub  -/directory 
added /new/sub/f  -/file "
commit tree --owner-uid=5
is "an owner, of the root too" "$(json main^ main | head -2)" "modified / owner directory/directory 
modified /content owner file/file "
is "which no line tells" "$(u diff main | head -1)" "M    /content"
is "keys" "$(u diff --json main | python3 -c 'import json, sys; e = json.load(sys.stdin)[1]; print(*e, *e["old"])')" \
  "path change what whiteout old new type mode uid gid size target checksum xattrs"
is "--stats --json" "$(u diff --json --stats main | python3 -c 'import json, sys; print(*json.load(sys.stdin))')" \
  "a_objects b_objects common_objects common_bytes"
is "an empty list" "$(u diff --json main main | tr -d '\n ')" "[]"

# --- directories

O="--owner-uid=5 --owner-gid=0"
# shellcheck disable=SC2086
{
  is "a directory that is the commit" "$(u diff $O main ./tree)" ""
  is "the other way" "$(u diff $O ./tree main)" ""
  is "read by one thread" "$(u diff -j1 $O main "$T/tree")" ""
  cp -a tree copy && echo six >copy/same && rm copy/mode && mkfifo copy/fifo && touch -d @5 copy/content
  is "names of a directory are relative to it" "$(u diff $O main ./copy) $(u diff $O ./copy main)" "M    /same
D    /mode
A    fifo M    same
D    fifo
A    /mode"
  is "two directories need no owners" "$(u diff ./tree ./copy)" "M    same
D    mode
A    fifo"
  is "--json of it" "$(json $O main ./copy)" "removed /mode  file/- 
modified /same content file/file 
added /fifo  -/special "
  setfattr -n user.note -v x copy/same
  is "--json compares contents of the same size" "$(json $O ./tree ./copy | grep same)" "modified /same content,xattrs file/file "
  is "--no-xattrs" "$(json --no-xattrs ./tree ./copy | grep same)" "modified /same content file/file "
}
mkdir many && for i in $(seq 300); do mkdir -p many/$((i % 7))/d && echo "$i" >"many/$((i % 7))/d/$i"; done
u commit -b many many >/dev/null
is "many files" "$(u diff many ./many)" ""
echo x >many/3/d/10
is "one of them" "$(u diff many ./many)" "M    /3/d/10"

# --- whiteouts

mkdir -p wh/d && : >wh/.ostree-wh.top && : >wh/d/.ostree-wh.in && echo x >wh/.ostree-wh.content
u commit -b wh wh >/dev/null
mkdir empty
is "--json names what a whiteout deletes" "$(json ./empty wh)" "added /.ostree-wh.content  -/file 
added /.ostree-wh.top  -/file top
added /d  -/directory 
added /d/.ostree-wh.in  -/file in"
if u checkout --process-passthrough-whiteouts wh out 2>/dev/null; then
  is "devices are something else" "$(u diff wh ./out | sort)" "A    d/in
A    top
D    /.ostree-wh.top
D    /d/.ostree-wh.in"
  is "--retarget-whiteouts" "$(u diff --retarget-whiteouts wh ./out)" ""
  is "and in JSON" "$(json --retarget-whiteouts ./empty ./out | grep top)" "added /.ostree-wh.top  -/file top"
fi

# --- errors

fails_with "no argument" "REV must be specified" u diff
fails_with "too many" "Unexpected argument 'x'" u diff main main x
fails_with "a directory alone" "no parent to compare with: ./tree" u diff ./tree
fails_with "--stats of a directory" "compares two commits" u diff --stats main ./tree
fails_with "--json of both" "Cannot specify --stats and --fs-diff with --json" u diff --json --stats --fs-diff main
fails_with "no directory" "diff ./none: .*No such file" u diff main ./none
fails_with "a file" "Not a directory" u diff main ./tree/content
printf x >"copy/$(printf '\377')"
fails_with "a name that no commit can hold" "Invalid UTF-8 in filename" u diff main ./copy

done_testing
