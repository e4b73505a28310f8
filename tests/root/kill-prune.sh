# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9, power cuts and a full disk during prune: what is kept is whole for both tools, the next prune
# does the rest, and what was deleted half can be committed again.
. "$(dirname "$0")/crash-common.sh"
private_mounts
make_trees
PRUNER=$BUILD/tests/repo/crash-pruner
for n in 1 2 3; do
  cp -a new "tree$n"
  for i in 1 2 3 4 5 6 7; do printf '%s %s' "$n" "$i" >"tree$n/sub/only$i"; done
  setfattr -n user.note -v "$n" "tree$n/sub/only1"
done

# make_repo REPO MODE: two commits to go, the first with detached metadata, the second incomplete; one to stay.
make_repo ()
{
  local mid
  "$UNDERLAY" init --repo="$1" --mode="$2"
  "$UNDERLAY" --repo="$1" config set core.tombstone-commits true
  "$UNDERLAY" --repo="$1" config set core.min-free-space-percent 0
  "$UNDERLAY" --repo="$1" commit -b line --timestamp=@1 --add-detached-metadata-string=a=b tree1 >/dev/null
  mid=$("$UNDERLAY" --repo="$1" commit -b line --timestamp=@2 tree2)
  head=$("$UNDERLAY" --repo="$1" commit -b line --timestamp=@3 tree3)
  touch "$1/state/$mid.commitpartial"
}

# What prune leaves, apart from tombstones.
objects_of () { (cd "$1/objects" && find . -type f ! -name '*.tombstone-commit' | sort); }

# recovers LABEL REPO
recovers ()
{
  local label=$1 repo=$2
  is "$label: the ref" "$("$OSTREE" --repo="$repo" rev-parse line)" "$head"
  ok "$label: the peer's fsck" "$OSTREE" --repo="$repo" fsck -q --all
  ok "$label: our fsck" "$UNDERLAY" --repo="$repo" fsck -q
  cp -a "$repo" again
  "$UNDERLAY" --repo=again commit --orphan tree1 >/dev/null
  "$UNDERLAY" --repo=again commit --orphan tree2 >/dev/null
  ok "$label: deleted trees, committed again" "$UNDERLAY" --repo=again fsck -q
  ok "$label: for the peer, too" "$OSTREE" --repo=again fsck -q
  rm -rf again
  ok "$label: the next prune" "$UNDERLAY" --repo="$repo" prune --refs-only --depth=0
  is "$label: does the rest" "$(objects_of "$repo")" "$wanted"
}

for mode in bare archive bare-split-xattrs; do
  rm -rf base
  make_repo base "$mode"
  cp -a base pruned
  "$UNDERLAY" --repo=pruned prune --refs-only --depth=0 >/dev/null
  wanted=$(objects_of pruned)
  rm -rf pruned
  cp -a base steps.repo
  steps=$("$PRUNER" list steps.repo - -)
  rm -rf steps.repo
  for step in scanned tombstone commit commits-synced tree trees-synced object objects-synced; do
    like "$mode: there is a step $step" "$steps" "(^|"$'\n'")$step [1-9]"
  done
  [ "$mode" != bare-split-xattrs ] || like "$mode: there is a step xattrs" "$steps" $'\nxattrs [1-9]'
  while read -r step count; do
    for n in $(times_of "$count"); do
      cp -a base repo
      run "$PRUNER" kill repo - - "$step" "$n"
      is "$mode: killed at $step $n" "$status" 137
      recovers "$mode: $step $n" repo
      rm -rf repo
    done
  done <<<"$steps"
done

truncate -s 32M image
mkfs.ext4 -q -F -m 0 image
mkdir mnt
mount -o loop image mnt 2>/dev/null || { diag "no loop devices here"; done_testing; }
at_exit 'umount -l mnt 2>/dev/null'
make_repo mnt/repo bare
cp -a mnt/repo pruned
steps=$("$PRUNER" list pruned - -)
wanted=$(objects_of pruned)

# A full disk: tombstones come first, or there is room for them again.
dd if=/dev/zero of=mnt/filler bs=64K status=none 2>/dev/null || true
dd if=/dev/zero of=mnt/filler2 bs=1 status=none 2>/dev/null || true
run "$UNDERLAY" --repo=mnt/repo prune --refs-only --depth=0
like "a full disk: done, or an error" "$status$err" '^(0|1error: [^'$'\n'']*No space left)'
rm mnt/filler mnt/filler2
recovers "a full disk" mnt/repo
rm -rf mnt/repo
make_repo mnt/repo bare
umount mnt

while read -r step count; do
  for n in $(times_of "$count"); do
    cp --sparse=always image cut
    mount -o loop cut mnt
    run "$PRUNER" shutdown mnt/repo - - "$step" "$n"
    is "power cut at $step $n" "$status" 137
    umount mnt
    mount -o loop cut mnt
    recovers "power cut at $step $n" mnt/repo
    umount mnt
  done
done <<<"$steps"

done_testing
