#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# kill -9, or a power cut, at every step of a pull in several batches: no ref leads to what isn't whole, no commit is believed to be, and
# the same pull by either tool goes on from there.
. "$(dirname "$0")/crash-common.sh"
private_mounts
CRASH=$BUILD/tests/transfer/crash-puller
mkdir -p tree/sub
for ((i = 0; i < 150; i++)); do printf 'file %s' "$i" >"tree/$i"; done

marks () { find "$1/state" -name '*.commitpartial' | wc -l; }

# after_kill LABEL: repo is sound as it is.
after_kill ()
{
  local label=$1 now
  now=$("$UNDERLAY" --repo=repo refs)
  [ "$now" = "" ] || is "$label: the ref is the new one" "$("$UNDERLAY" --repo=repo rev-parse main)" "$new"
  # Partial commits are passed over; whatever isn't marked has to be whole.
  ok "$label: our fsck" "$UNDERLAY" --repo=repo fsck -q
  ok "$label: the peer's fsck" "$OSTREE" --repo=repo fsck -q
}

# goes_on LABEL TOOL
goes_on ()
{
  ok "$1: the pull goes on" "$2" --repo=repo pull-local --depth=-1 src main
  is "$1: to the commit" "$("$UNDERLAY" --repo=repo rev-parse main main^)" "$new"$'\n'"$old"
  is "$1: no mark is left" "$(marks repo)" 0
  is "$1: all is there" "$(objects_of repo)" "$all"
  ok "$1: the peer's fsck" "$OSTREE" --repo=repo fsck -q --all
}

objects_of () { (cd "$1/objects" && find . ! -type d | sort); }

# Long: also where objects are linked.
for modes in ${UNDERLAY_TEST_LONG:+bare:bare} archive:bare-user; do
  rm -rf src base good
  "$UNDERLAY" init --repo=src --mode="${modes%:*}"
  "$UNDERLAY" init --repo=base --mode="${modes#*:}"
  printf one >tree/sub/changes
  old=$("$UNDERLAY" --repo=src commit -b main tree)
  printf two >tree/sub/changes
  new=$("$UNDERLAY" --repo=src commit -b main tree)
  cp -a base good
  steps=$("$CRASH" list good src main)
  all=$(objects_of good)
  for step in begin staged sync synced publish published dirs-synced complete ref refs-written cleanup; do
    like "$modes: there is a step $step" "$steps" "(^|"$'\n'")$step [1-9]"
  done
  while read -r step count; do
    for n in $(times_of "$count"); do
      label="$modes: killed at $step $n"
      rm -rf repo
      cp -a base repo
      run "$CRASH" kill repo src main "$step" "$n"
      is "$label" "$status" 137
      after_kill "$label"
      cp -a repo again
      goes_on "$label, by us" "$UNDERLAY"
      is "$label: no staging is left" "$(staging_of repo)" ""
      rm -rf repo && mv again repo
      goes_on "$label, by the peer" "$OSTREE"
    done
  done <<<"$steps"
done

# A power cut. Names of objects may come to the disk in any order, a commit's before those of what it reaches: its mark is
# there already.
truncate -s 48M image
mkfs.ext4 -q -F image
mkdir mnt
if mount -o loop image mnt 2>/dev/null; then
  at_exit 'umount -l mnt 2>/dev/null'
  "$UNDERLAY" init --repo=mnt/repo --mode=bare-user
  unmount
  while read -r step count; do
    for n in $(printf '%s\n' 1 "$count" | sort -u); do
      label="power cut at $step $n"
      cp --sparse=always image cut
      mount -o loop cut mnt
      run "$CRASH" shutdown mnt/repo src main "$step" "$n"
      is "$label" "$status" 137
      unmount
      mount -o loop cut mnt
      rm -rf repo && ln -s mnt/repo repo
      after_kill "$label"
      [ "$step $n" != "cleanup $count" ] || is "$label: what was finished is there" "$("$UNDERLAY" --repo=repo rev-parse main)" "$new"
      goes_on "$label" "$UNDERLAY"
      rm repo
      unmount
    done
  done <<<"$steps"
else
  skip "power cuts" "no loop devices here"
fi

# What the first batches brought isn't fetched again.
rm -rf repo
cp -a base repo
run "$CRASH" kill repo src main refs-written 2
said=$("$UNDERLAY" --repo=repo pull-local src main)
like "the rest is less than the whole" "$said" ", [0-9]{1,2} content objects imported"

done_testing
