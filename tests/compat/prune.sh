# SPDX-License-Identifier: LGPL-2.1-or-later
# prune against the peer: random histories, the same objects survive and the same is said, for each option,
# except where the peer forgets a commit that another ref keeps (ostree issue 2338): a model says which commits
# have to survive. Then writers of both tools while both prune.
. "$(dirname "$0")/common.sh"

seed=${UNDERLAY_TEST_SEED:-$RANDOM}
RANDOM=$seed
diag "UNDERLAY_TEST_SEED=$seed"
histories=4
[ -z "${UNDERLAY_TEST_LONG:-}" ] || histories=60

# A repository in $base with refs that fork and meet, refs of a remote, an alias, commits without a ref, garbage.
names=(main os/x86 os/arm yet origin:main origin:os/x86)
make_history ()
{
  local i n ref parent day all=()
  rm -rf "$base" "history.$base" tree && mkdir -p tree/a/b tree/c
  "$OSTREE" init --repo="$base" --mode="$1"
  for ((i = 0; i < 24; i++)); do
    n=$((RANDOM % 5))
    printf '%s' $((RANDOM % 9)) >"tree/$n"
    printf '%s' $((RANDOM % 9)) >"tree/a/$n"
    printf '%s' $((RANDOM % 3)) >"tree/a/b/x"
    [ $((RANDOM % 4)) != 0 ] || ln -sfn "$i" tree/c/link
    tool=$UNDERLAY
    [ $((RANDOM % 2)) = 0 ] || tool=$OSTREE
    parent=none
    [ "${#all[@]}" = 0 ] || [ $((RANDOM % 6)) = 0 ] || parent=${all[RANDOM % ${#all[@]}]}
    day=$((i + 1 - RANDOM % 3))
    day=$((day * 86400 + 1577836800))
    all+=("$("$tool" --repo="$base" commit --orphan --parent="$parent" -s "$i" --timestamp="@$day" tree)")
    echo "${all[-1]} $parent $day" >>"history.$base"
  done
  for ref in "${names[@]}"; do
    "$OSTREE" --repo="$base" refs --create="$ref" "${all[RANDOM % 24]}"
  done
  "$OSTREE" --repo="$base" refs --alias --create=alias main
  # What no commit has.
  for n in 1 2 3; do
    i=$(find "$base/objects" -name '*.commit' | shuf -n 1 --random-source=<(yes "$seed"))
    [ "$n" = 3 ] || grep -rqF "$(basename "$(dirname "$i")")$(basename "$i" .commit)" "$base/refs" || rm "$i"
  done
}

# The commits that must survive, by walking from each ref alone: kept REPO OPTION..., with history.REPO: "commit parent time".
cat >kept <<'END'
import os, subprocess, sys
from datetime import datetime
repo, options = sys.argv[1], sys.argv[2:]
there = lambda c: os.path.exists("%s/objects/%s/%s.commit" % (repo, c[:2], c[2:]))
parent, time = {}, {}
for line in open("history." + repo):
    c, p, t = line.split()
    if there(c):
        parent[c], time[c] = p, int(t)
get = lambda name: [o.split("=", 1)[1] for o in options if o.startswith(name + "=")]
younger = [int(datetime.strptime(v, "%Y-%m-%d %H:%M:%S %z").timestamp()) for v in get("--keep-younger-than")]
retain = dict(v.rsplit("=", 1) for v in get("--retain-branch-depth"))
only, depth = get("--only-branch"), int((get("--depth") or [-1])[-1])
doomed = get("--delete-commit")
def chain(c):
    while c in parent and c not in doomed:
        yield c
        c = parent[c]
def walk(c, n):
    return [x for i, x in enumerate(chain(c)) if n < 0 or i <= n]
kept = set()
if not (younger or retain or only or "--refs-only" in options):
    kept = set(parent) - set(doomed)
ostree = lambda *args: subprocess.check_output([os.environ["OSTREE"], "--repo=" + repo, *args], text=True)
for ref in ostree("refs").split() if not kept else []:
    head = ostree("rev-parse", ref).strip()
    pruned = not only or ref in only
    if ref in retain:
        kept |= set(walk(head, int(retain[ref])))
    if younger and pruned:
        kept.add(head)
        for x in chain(head):
            if time[x] < younger[0]:
                break
            kept.add(x)
    elif ref not in retain:
        kept |= set(walk(head, depth if pruned else -1))
print(*sorted(kept), sep="\n")
END

commits_of () { (cd "$1/objects" && find . -name '*.commit' | tr -d './' | sed 's/commit$//' | sort); }
objects_of () { (cd "$1/objects" && find . -type f -o -type l | sort); }

# same_prune OPTION...
same_prune ()
{
  local said theirs
  rm -rf one two
  cp -a "$base" one
  cp -a "$base" two
  run "$OSTREE" --repo=one prune "$@"
  theirs=$status said=$out
  run "$UNDERLAY" --repo=two prune "$@"
  if [ "$status" = "$theirs" ] && [ "$out" = "$said" ] && cmp -s <(objects_of one) <(objects_of two); then
    pass "$label: prune $*"
  elif [ "$status$theirs" = 00 ] && [ "${said%%$'\n'*}" = "${out%%$'\n'*}" ] && [ -z "$(comm -23 <(objects_of one) <(objects_of two))" ]; then
    pass "$label: prune $*: the peer forgets commits"
  else
    fail "$label: prune $*" "peer: $theirs $said"
    diag "ours: $status $out $err"
    diag "$(diff <(objects_of one) <(objects_of two) | head -20)"
  fi
  case $* in
    *--no-prune*) ;;
    *) is "$label: keeps what must be kept" "$(commits_of two)" "$(python3 kept "$base" "$@")" ;;
  esac
  "$OSTREE" --repo=two fsck -q --all >/dev/null || fail "$label: prune $*: the peer's fsck"
}

modes=(bare bare-user archive bare-user-only)
for ((h = 0; h < histories; h++)); do
  base=base.$h
  mode=${modes[h % 4]}
  label="history $h, $mode"
  make_history "$mode"
  same_prune
  same_prune --no-prune
  same_prune --refs-only
  same_prune --refs-only --no-prune --depth=1
  for depth in 0 1 2 5; do same_prune --refs-only --depth=$depth; done
  same_prune --depth=1
  for day in 05 15 22; do same_prune --keep-younger-than="2020-01-$day 00:00:00 +0000"; done
  same_prune --keep-younger-than="2020-01-15 00:00:00 +0000" --retain-branch-depth=main=2
  same_prune --retain-branch-depth=main=1 --retain-branch-depth=origin:main=1 --depth=2
  same_prune --only-branch=main --depth=0
  same_prune --only-branch=main --only-branch=os/arm --depth=1
  same_prune --only-branch=origin:main --keep-younger-than="2020-01-20 00:00:00 +0000" --retain-branch-depth=yet=1
  same_prune --only-branch=alias --depth=0
  same_prune --commit-only --refs-only --depth=1
  orphan=$("$UNDERLAY" --repo="$base" prune --refs-only -n --json | python3 -c 'import json, sys; print(*json.load(sys.stdin)["commits"][:1])')
  [ -z "$orphan" ] || same_prune --delete-commit="$orphan"
  [ -z "$orphan" ] || same_prune --delete-commit="$orphan" --refs-only --depth=0
  rm -rf "$base"
done

# Refs of other collections count with any option, which the peer forgets with some.
rm -rf repo
"$OSTREE" init --repo=repo --mode=archive
mirrored=$("$OSTREE" --repo=repo commit --orphan -s mirrored --timestamp=@1 tree)
rm tree/a/b/x
"$OSTREE" --repo=repo commit -b main -s main tree >/dev/null
mkdir -p repo/refs/mirrors/org.example.Os
echo "$mirrored" >repo/refs/mirrors/org.example.Os/main
for options in --refs-only --keep-younger-than=2040-01-01 --only-branch=main --retain-branch-depth=main=3; do
  ok "prune $options" "$UNDERLAY" --repo=repo prune "$options"
  ok "keeps what another collection names" "$UNDERLAY" --repo=repo ls "$mirrored"
done

# --- writers of both tools, both pruning all the time

rounds=8
[ -z "${UNDERLAY_TEST_LONG:-}" ] || rounds=100
mkdir common && for i in $(seq 30); do printf 'common %s' "$i" >"common/$i"; done

# What one round writes the next but one finds as garbage, or just deleted.
writer ()
{
  local n=$1 tool=$2 i src=src.$1
  cp -a common "$src"
  for ((i = 1; i <= rounds; i++)); do
    printf '%s' $((i % 2)) >"$src/own"
    mkdir -p "$src/sub" && printf 'round %s' $((i % 3)) >"$src/sub/round"
    beside "$tool" --repo=repo commit -b "w/$n" -s "$i" "$src" || return 1
  done
}

pruner ()
{
  local n=0
  while [ ! -e stop ]; do
    "$1" --repo=repo prune "${@:2}" >/dev/null || return 1
    n=$((n + 1))
  done
  [ "$n" -gt 0 ]
}

for m in bare archive; do
  rm -rf repo stop src.*
  "$UNDERLAY" init --repo=repo --mode="$m"
  pids=()
  for n in 1 2 3 4; do
    if [ $((n % 2)) = 0 ]; then tool=$OSTREE; else tool=$UNDERLAY; fi
    writer "$n" "$tool" 3>&- &
    pids+=($!)
  done
  pruner "$UNDERLAY" --refs-only --depth=0 3>&- & pruning=($!)
  pruner "$UNDERLAY" --refs-only --depth=1 3>&- & pruning+=($!)
  pruner "$OSTREE" --refs-only --depth=0 3>&- & pruning+=($!)
  for n in 1 2 3 4; do ok "$m: writer $n" wait "${pids[n - 1]}"; done
  touch stop
  ok "$m: our pruner" wait "${pruning[0]}"
  ok "$m: another" wait "${pruning[1]}"
  ok "$m: the peer's" wait "${pruning[2]}"
  for n in 1 2 3 4; do
    rm -rf out
    ok "$m: the last commit of writer $n" "$OSTREE" --repo=repo checkout -U "w/$n" out
    same_tree "$m: is whole" "src.$n" out --no-links
  done
  ok "$m: the peer's fsck" "$OSTREE" --repo=repo fsck -q --all
  ok "$m: our fsck" "$UNDERLAY" --repo=repo fsck -q
done

done_testing
