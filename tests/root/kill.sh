# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 at every step of a commit: the repository is the old one or the new one, the next commit
# succeeds, and what the dead one left goes away by itself.
. "$(dirname "$0")/crash-common.sh"
make_trees

for mode in bare archive bare-user bare-split-xattrs; do
  rm -rf base
  "$UNDERLAY" init --repo=base --mode="$mode"
  old=$("$UNDERLAY" --repo=base commit -b line old)
  cp -a base good
  new=$("$UNDERLAY" --repo=good commit -b line --timestamp=@1577934245 new)
  rm -rf good
  steps=$(steps_of base)
  for step in begin staged sync synced publish published dirs-synced ref refs-written cleanup; do
    like "$mode: there is a step $step" "$steps" "(^|"$'\n'")$step [1-9]"
  done
  while read -r step count; do
    for n in $(times_of "$count"); do
      rm -rf repo
      cp -a base repo
      run "$CRASH" kill repo new line "$step" "$n"
      is "$mode: killed at $step $n" "$status" 137
      if [ "$mode" = bare-split-xattrs ]; then
        # Not a mode that the peer can commit to.
        "$OSTREE" --repo=repo fsck -q || fail "$mode: $step $n: the peer's fsck"
        is "$mode: $step $n: the next commit" \
          "$("$UNDERLAY" --repo=repo commit -b line --parent="$old" --timestamp=@1577934245 new)" "$new"
        is "$mode: $step $n: no staging is left" "$(staging_of repo)" ""
        ok "$mode: $step $n: the peer's fsck after it" "$OSTREE" --repo=repo fsck -q
        ok "$mode: $step $n: our fsck" "$UNDERLAY" --repo=repo fsck -q
      else
        still_sound "$mode: $step $n" repo "$old" "$new"
      fi
    done
  done <<<"$steps"
done

# The peer, too, goes on after us: what we left half written is not taken for whole.
rm -rf base
"$UNDERLAY" init --repo=base --mode=bare
"$UNDERLAY" --repo=base commit -b line old >/dev/null
while read -r step count; do
  rm -rf repo
  cp -a base repo
  run "$CRASH" kill repo new line "$step" "$count"
  ok "the peer commits after a kill at $step" "$OSTREE" --repo=repo commit -b other new
  ok "and its repository is sound" "$OSTREE" --repo=repo fsck -q --all
  is "and whole" "$("$OSTREE" --repo=repo ls -R other | wc -l)" "$(find new | wc -l)"
done <<<"$(steps_of base)"

# The program itself, killed at any time.
rounds=6
[ -z "${UNDERLAY_TEST_LONG:-}" ] || rounds=200
cp -a base repo.any
mkdir many
for ((i = 0; i < 400; i++)); do printf '%s' "$i" >"many/$i"; done
for ((i = 1; i <= rounds; i++)); do
  printf '%s' "$i" >many/round
  "$UNDERLAY" --repo=repo.any commit -b "many$i" many >/dev/null 3>&- &
  pid=$!
  sleep "0.0$((RANDOM % 90 + 10))"
  kill -9 "$pid" 2>/dev/null || true
  { wait "$pid"; } 2>/dev/null || true
done
ok "after $rounds kills: the peer's fsck" "$OSTREE" --repo=repo.any fsck -q --all
ok "and ours" "$UNDERLAY" --repo=repo.any fsck -q
ok "the next commit" "$UNDERLAY" --repo=repo.any commit -b line many
is "leaves no staging" "$(staging_of repo.any)" ""

done_testing
