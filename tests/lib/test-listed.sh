# SPDX-License-Identifier: LGPL-2.1-or-later
# Every test in the tree is in a Makemodule.am, so that none is forgotten.
. "$(dirname "$0")/../lib/tap.sh"

for f in "$SRC"/tests/*/*.sh "$SRC"/tests/*/test-*.c "$SRC"/tests/fuzz/fuzz-*.c; do
  name=${f#"$SRC"/}
  # A script without a plan is a library of others.
  case $name in
    *.sh) grep -q '^done_testing' "$f" || continue ;;
    *.c) name=${name%.c} ;;
  esac
  ok "$name is listed" grep -qE "(^|[[:space:]])$name([[:space:]]|\$)" "$SRC/${name%/*}/Makemodule.am" "$SRC/tests/Makemodule.am"
done
for f in "$SRC"/tests/fuzz/fuzz-*.c; do
  name=$(basename "${f%.c}")
  ok "$name has a corpus" test -n "$(ls "$SRC/tests/fuzz/corpus/${name#fuzz-}")"
done
for f in "$SRC"/src/libstore/core/*.h; do
  h=core/$(basename "$f")
  ok "$h has a fuzz target" grep -qrl --include='fuzz-*.c' "\"$h\"" "$SRC/tests/fuzz"
done

done_testing
