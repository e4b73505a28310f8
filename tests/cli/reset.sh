#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

u init
mkdir tree
for n in 1 2 3; do
  echo $n >tree/file
  eval "c$n=$(u commit -b main --timestamp=@$n tree)"
done
objects=$(find r/objects -type f | sort)

ok "to the parent" u reset main main^
is "it is" "$(u rev-parse main)" "$c2"
is "nothing is printed" "$out$err" ""
is "no object is gone" "$(find r/objects -type f | sort)" "$objects"
ok "and forward again, by checksum" u reset main "$c3"
is "it is" "$(u rev-parse main)" "$c3"
ok "a beginning of a checksum" u reset main "${c1:0:12}"
is "it is" "$(u rev-parse main)" "$c1"
ok "to what it is already" u reset main main
u refs --create=rem:main "$c3"
ok "a ref of a remote" u reset rem:main rem:main^
is "it is" "$(u rev-parse rem:main)" "$c2"
u refs --create=alias -A main
ok "an alias" u reset alias "$c3"
is "is a ref of its own then" "$(u rev-parse alias main) $(u refs -A)" "$c3"$'\n'"$c1 "

fails_with "no such ref" "^error: Invalid ref 'nope'$" u reset nope main
fails_with "a checksum is no ref" "^error: Invalid ref '$c1'$" u reset "$c1" main
fails_with "no such commit" "^error: Refspec 'nope' not found$" u reset main nope
fails_with "nor one that isn't there" "^error: No such metadata object 0{64}.commit$" u reset main "$(printf '%064d' 0)"
fails_with "a dirtree is no commit" "No such metadata object" u reset main "$(basename "$(dirname "$(ls r/objects/*/*.dirtree | head -1)")")$(ls r/objects/*/*.dirtree | head -1 | sed 's|.*/||; s|\..*||')"
fails_with "one argument" "^error: A REF and COMMIT argument is required$" u reset main
fails_with "three" "^error: Unexpected argument 'x'$" u reset main main x
is "nothing came of these" "$(u rev-parse main)" "$c1"

done_testing
