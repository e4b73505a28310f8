# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Every pair of file, symlink, directory, whiteout and opaque directory, the one coming over the other, in every union
# mode, with and without --process-passthrough-whiteouts (union-table.py): as the tables in docs/design have it, and as
# the peer does it, but for what it is known to get wrong.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd "$OSTREE" python3

python3 "$SRC/tests/compat/union-table.py" >cells
is "every pair, union mode, with and without passthrough, by both tools" "$(wc -l <cells)" $((5 * 9 * 4 * 2 * 2))
while IFS=$'\t' read -r label got want; do
  is "$label" "$got" "$want"
done <cells

done_testing
