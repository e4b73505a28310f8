# SPDX-License-Identifier: LGPL-2.1-or-later
# The helpers themselves: each must be able to fail.
. "$(dirname "$0")/../lib/tap.sh"

# Runs a script body in a test of its own; $out is its TAP, $status its exit status.
inner ()
{
  printf '. %q\n%s\n' "$SRC/tests/lib/tap.sh" "$1" >"$T/inner.sh"
  run bash "$T/inner.sh"
}

inner 'ok a true; ok b false; done_testing'
is "a failed test fails the script" "$status" 1
like "ok passes on status 0" "$out" $'^ok 1 - a\nnot ok 2 - b\n1..2$'

inner 'nok a false; nok b true; nok c sh -c "exit 99"; done_testing'
like "nok takes status 1 only" "$out" $'^ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\n1..3$'

inner 'f () { printf "$1" >&2; return 1; }
fails_with a "x.z" f "xyz\n"; fails_with b "x.z" f "xyz\nmore\n"; fails_with c "x.z" f "";
fails_with d "x.z" f "other\n"; fails_with e "x.z" sh -c "echo xyz >&2"; done_testing'
like "fails_with wants status 1 and one matching line" "$out" \
  $'^ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\nnot ok 4 - d\nnot ok 5 - e\n1..5$'

inner 'is a x x; is b x y; isnt c x y; isnt d x x; like e abc "b"; like f abc "z"; unlike g abc z;
unlike h abc a; done_testing'
like "comparisons" "$out" $'^ok 1 .*\nnot ok 2 .*\nok 3 .*\nnot ok 4 .*\nok 5 .*\nnot ok 6 .*\nok 7 .*\nnot ok 8 '

inner 'mkdir a b; echo 1 >a/f; echo 1 >b/f; same_tree same a b; chmod 600 a/f; same_tree mode a b;
chmod 644 a/f; echo 2 >a/f; same_tree content a b; rm a/f b/f; ln -s x a/f; ln -s y b/f; same_tree link a b;
rm a/f; same_tree missing a b; done_testing'
like "same_tree sees modes, content, links and names" "$out" \
  $'^ok 1 - same\nnot ok 2 - mode\nnot ok 3 - content\nnot ok 4 - link\nnot ok 5 - missing\n1..5$'

inner 'mkdir a b; for d in a b; do echo 1 >$d/f; done; ln a/f a/g; cp -a b/f b/g; same_tree links a b; done_testing'
like "same_tree sees hardlinks" "$out" "^not ok 1 - links"

inner 'pass a; false; pass b; done_testing'
like "a failing command outside a helper stops the script" "$out" $'^ok 1 - a\nBail out!'
isnt "and fails it" "$status" 0

inner 'pass a'
like "an end without done_testing is a failure" "$out" "Bail out!"
isnt "with a status" "$status" 0

inner 'echo "$T" >"'"$T"'/inner-dir"; mkdir -p x/y; at_exit "echo ran >\"'"$T"'/inner-exit\""; done_testing'
ok "the directory is removed" test ! -e "$(cat "$T/inner-dir")"
is "at_exit ran" "$(cat "$T/inner-exit")" ran

inner 'skip_all "no reason"'
is "skip_all" "$status:$out" "0:1..0 # SKIP no reason"

done_testing
