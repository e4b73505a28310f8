# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9, a power cut and a full file system at every step of fsck --repair: the repository is no worse than before,
# nothing that was there is lost, and the next repair makes it whole.
. "$(dirname "$0")/crash-common.sh"
private_mounts
make_trees
for i in {1..20}; do head -c 9000 /dev/zero | openssl enc -aes-128-ctr -K "$(printf %032d "$i")" -iv 00 >"new/sub/n$i" 2>/dev/null; done

# damage REPO: files that are corrupt and missing, a dirtree and a dirmeta; the commits are marked already. One of the
# corrupt is not in source/ either.
damage ()
{
  local f lost i=0
  for f in $(find "$1/objects" \( -name '*.file' -o -name '*.filez' \) -type f | sort); do
    i=$((i + 1))
    case $((i % 3)) in
      0) rm "$f" ;;
      1) printf "X$i" >"$f" ;;
    esac
  done
  run "$UNDERLAY" --repo="$1" fsck
  printf Z >"$(find "$1/objects" -name '*.dirmeta' | sort | sed -n 1p)"
  rm "$(find "$1/objects" -name '*.dirtree' | sort | sed -n 1p)"
  lost=$(find "$1/objects" \( -name '*.file' -o -name '*.filez' \) -type f -size -8c | sort | sed -n 1p)
  rm "source/${lost#"$1"/}"
}

# What damage () wrote, wherever it is now.
corrupt_files () { find "$1/objects" "$1/extensions" -type f -size -4c -exec grep -hE '^(X[0-9]+|Z)' {} + | sort -u; }
# Objects that are what they were.
sound_objects () { (cd "$1" && find objects -type f | sort | while read -r f; do ! cmp -s "$f" "$T/whole/$f" || echo "$f"; done); }

# no_worse LABEL REPO
no_worse ()
{
  local label=$1 repo=$2
  is "$label: all that was sound is" "$(comm -23 sound.before <(sound_objects "$repo"))" ""
  is "$label: nothing that was corrupt is lost" "$(comm -23 corrupt.before <(corrupt_files "$repo"))" ""
  run "$UNDERLAY" --repo="$repo" fsck --repair=whole
  is "$label: the next repair" "$status" 0
  is "$label: no mark is left" "$(ls "$repo/state")" ""
  is "$label: no staging is left" "$(staging_of "$repo")" ""
  is "$label: nothing that was corrupt is lost then" "$(comm -23 corrupt.before <(corrupt_files "$repo"))" ""
  ok "$label: the peer's fsck" "$OSTREE" --repo="$repo" fsck -q --all
}

prepare ()
{
  rm -rf whole source base
  "$UNDERLAY" init --repo=whole --mode="$1"
  "$UNDERLAY" --repo=whole config set core.min-free-space-percent 0
  "$UNDERLAY" --repo=whole commit -q -b line old
  "$UNDERLAY" --repo=whole commit -q -b line new
  cp -a whole source
  cp -a whole base
  damage base
  sound_objects base >sound.before
  corrupt_files base >corrupt.before
}

for mode in bare archive bare-user bare-split-xattrs; do
  prepare $mode
  isnt "$mode: there is something corrupt" "$(cat corrupt.before)" ""
  cp -a base repo.steps
  steps=$("$CRASH" list repo.steps source --repair | grep -v unmark)
  rm -rf repo.steps
  for step in begin staged sync quarantine quarantined publish published dirs-synced cleanup mend; do
    like "$mode: there is a step $step" "$steps" "(^|"$'\n'")$step [1-9]"
  done
  cp -a base repo.steps
  more=$("$CRASH" list repo.steps whole --repair | grep unmark)
  rm -rf repo.steps
  like "$mode: and unmark" "$more" "unmark [1-9]"
  while read -r step count source; do
    # Only the names in objects/ are a matter of the mode.
    [ $mode = bare ] || case $step in staged | quarantine | publish | mend) count=1 ;; *) continue ;; esac
    for n in $(times_of "$count"); do
      rm -rf repo
      cp -a base repo
      run "$CRASH" kill repo "${source:-source}" --repair "$step" "$n"
      is "$mode: killed at $step $n" "$status" 137
      no_worse "$mode: $step $n" repo
    done
  done <<<"$steps
$more whole"
done

# Whom the disk leaves in the lurch.
prepare bare
truncate -s 24M image
mkfs.ext4 -q -F -m 0 image
mkdir mnt
if ! mount -o loop image mnt 2>/dev/null; then
  skip "power cuts and full disks" "no loop devices here"
  done_testing
  exit 0
fi
at_exit 'umount -l mnt 2>/dev/null'
unmount ()
{
  local i
  umount mnt
  for i in {1..200}; do
    [ -n "$(losetup -j "$1" 2>/dev/null)" ] || return 0
    sleep 0.05
  done
  diag "the loop device of $1 is still there after $i tries"
}
cp -a base mnt/repo
sync -f mnt
for room in 0 8 60 200 300; do
  label="with $room KiB"
  have=$(df --output=avail -k mnt | tail -1)
  fallocate -l $((have - room))K mnt/filler 2>/dev/null || dd if=/dev/zero of=mnt/filler bs=1K count=$((have - room)) status=none 2>/dev/null || true
  run "$UNDERLAY" --repo=mnt/repo fsck --repair=whole
  is "$label: fails" "$status" 1
  like "$label: says why" "$err" "error: .*[Nn]o space left"
  is "$label: nothing has changed" "$(diff -rq --no-dereference base/objects mnt/repo/objects)" ""
  is "$label: no staging is left" "$(staging_of mnt/repo)" ""
  rm mnt/filler
done
unmount image
for step in staged sync quarantine quarantined publish published dirs-synced cleanup mend unmark; do
  cp --sparse=always image cut
  mount -o loop cut mnt
  run "$CRASH" shutdown mnt/repo whole --repair $step 1
  is "power cut at $step" "$status" 137
  unmount cut
  mount -o loop cut mnt
  no_worse "power cut at $step" mnt/repo
  unmount cut
done
mount -o loop image mnt
no_worse "and with room" mnt/repo

done_testing
