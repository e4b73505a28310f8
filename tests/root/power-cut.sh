# SPDX-License-Identifier: LGPL-2.1-or-later
# A power cut at every step of a commit, on an ext4 of its own: FS_IOC_SHUTDOWN drops whatever was
# not made durable, and the next mount replays the journal.
. "$(dirname "$0")/crash-common.sh"
private_mounts
make_trees

truncate -s 48M image
mkfs.ext4 -q -F image
mount -o loop image "$(mkdir -p mnt && echo mnt)" 2>/dev/null || skip_all "no loop devices here"
at_exit 'umount -l mnt 2>/dev/null'
"$UNDERLAY" init --repo=mnt/repo --mode=bare
old=$("$UNDERLAY" --repo=mnt/repo commit -b line old)
steps=$(steps_of mnt/repo)
cp -a mnt/repo good
new=$("$UNDERLAY" --repo=good commit -b line --timestamp=@1577934245 new)
unmount

# That the cut is one: what nobody synced is gone.
cp --sparse=always image cut
mount -o loop cut mnt
head -c 100000 /dev/zero >mnt/unsynced
run "$CRASH" shutdown mnt/repo new line begin 1
unmount
mount -o loop cut mnt
ok "a power cut loses what was not synced" test ! -s mnt/unsynced
unmount

while read -r step count; do
  for n in $(times_of "$count"); do
    label="$step $n"
    cp --sparse=always image cut
    mount -o loop cut mnt
    run "$CRASH" shutdown mnt/repo new line "$step" "$n"
    is "$label: died" "$status" 137
    unmount
    mount -o loop cut mnt
    still_sound "$label" mnt/repo "$old" "$new"
    unmount
  done
done <<<"$steps"

# What a finished commit promised is there.
cp --sparse=always image cut
mount -o loop cut mnt
run "$CRASH" shutdown mnt/repo new line cleanup 1
unmount
mount -o loop cut mnt
is "after the refs were written the commit is durable" "$("$OSTREE" --repo=mnt/repo rev-parse line)" "$new"
unmount

# A file system that dies under a living process is an error, not a crash.
for step in staged synced publish ref; do
  cp --sparse=always image cut
  mount -o loop cut mnt
  fails_with "I/O error at $step" "^error: .*(Input/output error|shut ?down)" "$CRASH" eio mnt/repo new line "$step" 1
  unmount
  mount -o loop cut mnt
  still_sound "after the I/O error at $step" mnt/repo "$old" "$new"
  unmount
done

done_testing
