# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Random sequences of commits, checkouts, prunes, pulls, ... by both tools on the same repositories, against a model
# (property.py). The seeds are always the same; UNDERLAY_TEST_SEED sets the first, UNDERLAY_TEST_LONG makes more and
# longer ones.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd "$OSTREE" python3

first=${UNDERLAY_TEST_SEED:-1}
rounds=8 steps=25
[ -z "${UNDERLAY_TEST_LONG:-}" ] || rounds=300 steps=120
for ((seed = first; seed < first + rounds; seed++)); do
  mkdir "$seed"
  run env -C "$seed" python3 "$SRC/tests/compat/property.py" "$seed" $steps
  if [ "$status" = 0 ]; then
    pass "seed $seed"
    rm -rf "$seed"
  else
    fail "seed $seed" "again with: UNDERLAY_TEST_SEED=$seed"
    diag "$out"
    diag "$err"
  fi
done

done_testing
