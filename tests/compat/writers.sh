# SPDX-License-Identifier: LGPL-2.1-or-later
# Eight writers and a reader at once on one repository, both tools mixed: nothing is lost, and what a
# reader sees is whole. UNDERLAY_TEST_LONG makes it a soak.
. "$(dirname "$0")/common.sh"

rounds=4
[ -z "${UNDERLAY_TEST_LONG:-}" ] || rounds=60

# Files that all writers share, some of each one's own, some of each round.
mkdir common && for i in $(seq 40); do printf 'common %s' "$i" >"common/$i"; done

# writer N TOOL: its own branch, and one that all of them write.
writer ()
{
  local n=$1 tool=$2 i src=src.$1
  cp -a common "$src"
  for ((i = 1; i <= rounds; i++)); do
    printf '%s of %s' "$i" "$n" >"$src/own"
    printf 'round %s' "$i" >"$src/round"
    head -c $((n * 3000)) /dev/zero | tr '\0' "$i" >"$src/data.$i"
    beside "$tool" --repo=repo commit -b "w/$n" -s "$i" "$src" || return 1
    beside "$tool" --repo=repo commit -b all -s "$n $i" "$src" || return 1
  done
}

# Reads until the file `stop` exists; every ref it sees is there, whole.
reader ()
{
  local r sum n=0
  while [ ! -e stop ]; do
    for r in $("$UNDERLAY" --repo=repo refs); do
      sum=$("$UNDERLAY" --repo=repo rev-parse "$r") || return 1
      "$OSTREE" --repo=repo ls -R "$sum" >/dev/null || return 1
      "$UNDERLAY" --repo=repo ls -R -C "$sum" >/dev/null || return 1
      rm -rf reader.out
      "$UNDERLAY" --repo=repo checkout -U "$sum" reader.out || return 1
      cmp -s common/7 reader.out/7 || return 1
      n=$((n + 1))
    done
  done
  [ "$n" -gt 0 ]
}

for m in ${UNDERLAY_TEST_MODES:-bare archive}; do
  rm -rf repo stop src.*
  "$UNDERLAY" init --repo=repo --mode="$m"
  reader 3>&- &
  reading=$!
  pids=()
  for n in 1 2 3 4 5 6 7 8; do
    if [ $((n % 2)) = 0 ]; then tool=$OSTREE; else tool=$UNDERLAY; fi
    writer "$n" "$tool" 3>&- &
    pids+=($!)
  done
  for n in 1 2 3 4 5 6 7 8; do
    ok "$m: writer $n" wait "${pids[n - 1]}"
  done
  touch stop
  ok "$m: the reader" wait "$reading"

  for n in 1 2 3 4 5 6 7 8; do
    is "$m: all commits of writer $n" "$("$OSTREE" --repo=repo log "w/$n" | grep -c ^commit)" "$rounds"
    rm -rf out
    "$OSTREE" --repo=repo checkout -U "w/$n" out
    # Equal files are one, with -U from an archive.
    same_tree "$m: the last tree of writer $n" "src.$n" out --no-links
  done
  # The shared branch: a writer's parent is whatever was there when it started, so its history may
  # fork, but each commit that ever was is in the repository.
  is "$m: every commit exists" "$(find repo/objects -name '*.commit' | wc -l)" $((8 * rounds * 2))
  ok "$m: the peer's fsck" "$OSTREE" --repo=repo fsck -q --all
  ok "$m: our fsck" "$UNDERLAY" --repo=repo fsck -q
  is "$m: no staging is left" "$(find repo/tmp -mindepth 1 -name 'staging-*' ! -name '*-lock' -exec find {} -type f \;)" ""
  ok "$m: nothing partial" test -z "$(find repo/state -name '*.commitpartial')"
done

done_testing
