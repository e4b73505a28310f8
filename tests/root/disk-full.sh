# SPDX-License-Identifier: LGPL-2.1-or-later
# A full file system, at many fill levels so that it ends in different places: one line of error, a
# sound repository, nothing left over, and the same commit succeeds once there is room.
. "$(dirname "$0")/crash-common.sh"
private_mounts
make_trees
for i in $(seq 60); do head -c 9000 /dev/zero | openssl enc -aes-128-ctr -K "$(printf %032d "$i")" -iv 00 >"new/sub/n$i" 2>/dev/null; done

truncate -s 24M image
mkfs.ext4 -q -F -m 0 image
mkdir mnt
mount -o loop image mnt 2>/dev/null || skip_all "no loop devices here"
at_exit 'umount -l mnt 2>/dev/null'

# The same as an archive, with a file that doesn't go through memory as a whole.
cp -a new tarred && head -c 3000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >tarred/zz 2>/dev/null
tar -C tarred -cf new.tar .

# full MODE FREE-KIB SOURCE: commit with that much room.
full ()
{
  local mode=$1 room=$2 label="$1 with $2 KiB, $3" have
  have=$(df --output=avail -k mnt | tail -1)
  fallocate -l $((have - room))K mnt/filler 2>/dev/null || dd if=/dev/zero of=mnt/filler bs=1K count=$((have - room)) status=none
  fails_with "$label" "[Nn]o space left" "$UNDERLAY" --repo=mnt/repo commit -b line --timestamp=@1577934245 "$3"
  is "$label: no staging is left" "$(staging_of mnt/repo)" ""
  is "$label: the old commit" "$("$OSTREE" --repo=mnt/repo rev-parse line)" "$old"
  ok "$label: the peer's fsck" "$OSTREE" --repo=mnt/repo fsck -q --all
  ok "$label: our fsck" "$UNDERLAY" --repo=mnt/repo fsck -q
  rm mnt/filler
}

for mode in bare archive; do
  rm -rf mnt/repo
  "$UNDERLAY" init --repo=mnt/repo --mode="$mode"
  "$UNDERLAY" --repo=mnt/repo config set core.min-free-space-percent 0
  old=$("$UNDERLAY" --repo=mnt/repo commit -b line old)
  for room in 8 40 100 260 450; do full "$mode" "$room" new; done
  for room in 8 260 2000 3000; do full "$mode" "$room" --tree=tar=new.tar; done
  ok "$mode: and with room it succeeds" "$UNDERLAY" --repo=mnt/repo commit -b line --timestamp=@1577934245 new
  ok "$mode: soundly" "$OSTREE" --repo=mnt/repo fsck -q --all
done

# min-free-space is respected, before the file system is full.
rm -rf mnt/repo
"$UNDERLAY" init --repo=mnt/repo --mode=bare
old=$("$UNDERLAY" --repo=mnt/repo commit -b line old)
"$UNDERLAY" --repo=mnt/repo config set core.min-free-space-percent 99
fails_with "min-free-space-percent" \
           "min-free-space-percent '99%' would be exceeded, at least [0-9.]+.kB requested: the file system of repo mnt/repo has [0-9.]+.MB free, and [0-9.]+.MB have to stay free$" \
           "$UNDERLAY" --repo=mnt/repo commit -b line new
run "$OSTREE" --repo=mnt/repo commit -b line new
like "the peer, too, names the setting" "$err" "min-free-space-percent '99%' would be exceeded, at least [0-9.]+"
is "leaves no staging" "$(staging_of mnt/repo)" ""
is "and the old commit" "$("$OSTREE" --repo=mnt/repo rev-parse line)" "$old"

# Which of the two settings counts, for both tools.
for setting in 'size=1024MB percent=0 size 1024MB' 'size=0MB percent=99 percent .99%.' 'percent=0' 'percent=1 size=1MB'; do
  "$UNDERLAY" --repo=mnt/repo config unset core.min-free-space-percent
  words=
  for word in $setting; do
    case $word in
      *=*) "$UNDERLAY" --repo=mnt/repo config set "core.min-free-space-${word%=*}" "${word#*=}" ;;
      *) words+=" $word" ;;
    esac
  done
  for tool in "$OSTREE" "$UNDERLAY"; do
    run "$tool" --repo=mnt/repo commit --orphan new
    if [ -n "$words" ]; then
      like "${tool##*/}: $setting" "$status $err" "^1 .*min-free-space-${words# } would be exceeded"
    else
      is "${tool##*/}: $setting" "$status $err" "0 "
    fi
  done
done

# What the file system keeps for root is room for root alone.
umount mnt
mkfs.ext4 -q -F -m 50 image
mount -o loop image mnt
chmod 777 mnt
chmod a+x "$T"
head -c 7000000 /dev/urandom >mnt/filler
mkdir mnt/src
head -c 2000000 /dev/urandom >mnt/src/large
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
for tool in "$OSTREE" "$UNDERLAY"; do
  for who in root nobody; do
    rm -rf mnt/repo
    as=()
    [ $who = root ] || as=("${as_nobody[@]}")
    "${as[@]}" "$tool" init --repo="$T/mnt/repo" --mode=bare-user-only
    "${as[@]}" "$tool" --repo="$T/mnt/repo" config set core.min-free-space-percent 30
    run "${as[@]}" "$tool" --repo="$T/mnt/repo" commit --orphan --canonical-permissions "$T/mnt/src"
    if [ $who = root ]; then
      is "${tool##*/}: root may use what is kept for root" "$status $err" "0 "
    else
      like "${tool##*/}: others may not" "$status $err" "^1 .*min-free-space-percent '30%' would be exceeded"
    fi
  done
done

# Out of inodes.
umount mnt
mkfs.ext4 -q -F -N 600 image
mount -o loop image mnt
"$UNDERLAY" init --repo=mnt/repo --mode=bare
"$UNDERLAY" --repo=mnt/repo config set core.min-free-space-percent 0
old=$("$UNDERLAY" --repo=mnt/repo commit -b line old)
mkdir -p mnt/fill
i=0
while : 2>/dev/null >"mnt/fill/$i"; do i=$((i + 1)); done 2>/dev/null
for ((k = 0; k < 20; k++)); do rm "mnt/fill/$k"; done
fails_with "no inodes" "[Nn]o space left" "$UNDERLAY" --repo=mnt/repo commit -b line new
is "no inodes: no staging is left" "$(staging_of mnt/repo)" ""
ok "no inodes: the peer's fsck" "$OSTREE" --repo=mnt/repo fsck -q --all
rm -rf mnt/fill
ok "and then it succeeds" "$UNDERLAY" --repo=mnt/repo commit -b line new

done_testing
