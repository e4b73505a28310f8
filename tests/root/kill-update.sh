# SPDX-License-Identifier: LGPL-2.1-or-later
# checkout --update, killed at any time, with the power cut, and on a full disk: the same command
# again makes it what it was to be, and nothing is taken for what it isn't.
# (tests/checkout/test-update kills it at each of its steps.)
. "$(dirname "$0")/crash-common.sh"
private_mounts
need_cmd python3

# Two trees of 300 files in directories, in which everything changes that can; and devices, owners,
# xattrs, which only root can make.
mkdir old new
for ((i = 0; i < 300; i++)); do
  d=d$((i % 20))
  mkdir -p old/$d new/$d
  echo "$i" >"old/$d/$i"
  case $((i % 6)) in
    0) cp old/$d/$i new/$d/$i ;;
    1) echo "new $i" >"new/$d/$i" ;;
    2) mkdir "new/$d/$i" && echo "$i" >"new/$d/$i/in" ;;
    3) rm "old/$d/$i" && mkdir "old/$d/$i" && echo "$i" >"old/$d/$i/in" && echo "$i" >"new/$d/$i" ;;
    4) mknod "new/$d/$i" c 0 0 ;;
    5) rm "old/$d/$i" && mknod "old/$d/$i" c 0 0 ;;
  esac
done
chown 12:34 old/d1 new/d2 new/d2/* 2>/dev/null
chmod 4711 new/d1/1
setfattr -n trusted.overlay.opaque -v y new/d3
setfattr -n user.note -v x old/d3 new/d4
chmod 555 new/d5

make_repo ()
{
  "$UNDERLAY" init --repo="$1" --mode="$2"
  "$UNDERLAY" --repo="$1" config set core.min-free-space-percent 0
  "$UNDERLAY" --repo="$1" commit -b old --retarget-whiteouts old >/dev/null
  "$UNDERLAY" --repo="$1" commit -b new --retarget-whiteouts new >/dev/null
}
u () { "$UNDERLAY" --repo="$1/repo" checkout --process-passthrough-whiteouts --update "${@:3}" "$2" "$1/os"; }
is_whole () { "$UNDERLAY" --repo="$1/repo" verify --full --process-passthrough-whiteouts "$1/os" "$2"; }

# Killed while it runs, in modes that link and that copy.
for mode in bare archive; do
  rm -rf at
  mkdir at
  make_repo at/repo "$mode"
  u at old
  failed=
  for ((i = 0; i < 12; i++)); do
    to=$([ $((i % 2)) = 0 ] && echo new || echo old)
    # Not by the function: the kill is for the program, not for a subshell.
    "$UNDERLAY" --repo=at/repo checkout --process-passthrough-whiteouts --update "$to" at/os 3>&- &
    pid=$!
    sleep "0.0$((RANDOM % 2))$((RANDOM % 9))"
    kill -9 "$pid" 2>/dev/null || true
    { wait "$pid"; } 2>/dev/null || true
    { u at "$to" && is_whole at "$to"; } || failed="$failed $i"
  done
  is "$mode: killed 12 times" "$failed" ""
done

# The same where the repository is on another file system.
make_repo two.repo bare
mkdir two
mount -t tmpfs two two
at_exit "umount -l '$PWD/two' 2>/dev/null"
ln -s "$PWD/two.repo" two/repo
u two old
for ((i = 0; i < 6; i++)); do
  to=$([ $((i % 2)) = 0 ] && echo new || echo old)
  "$UNDERLAY" --repo=two.repo checkout --process-passthrough-whiteouts --update "$to" two/os 3>&- &
  pid=$!
  sleep "0.0$((RANDOM % 9))"
  kill -9 "$pid" 2>/dev/null || true
  { wait "$pid"; } 2>/dev/null || true
  { u two "$to" && is_whole two "$to"; } || failed="$failed $i"
done
is "another file system: killed 6 times" "$failed" ""
fails_with "hardlinks can't be made there" "Invalid cross-device link" u two new -H
ok "it goes on without" u two new
ok "to what it was to be" is_whole two new

# The power is cut: what isn't on disk is lost. Records and names on one file system.
cut_power () { python3 -c 'import fcntl, os, struct, sys; fcntl.ioctl (os.open (sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack ("I", 2))' "$1"; }
for fs in ext4 xfs; do
  if ! command -v "mkfs.$fs" >/dev/null; then
    skip "$fs: the power is cut" "no mkfs.$fs"
    continue
  fi
  rm -f "$fs.image"
  truncate -s 400M "$fs.image"
  mkdir "$fs"
  "mkfs.$fs" -q "$fs.image"
  mount -o loop "$fs.image" "$fs" 2>/dev/null || skip_all "no loop devices here"
  at_exit "umount -l '$PWD/$fs' 2>/dev/null"
  make_repo "$fs/repo" bare
  u "$fs" old
  sync -f "$fs"
  failed=
  for ((i = 0; i < 6; i++)); do
    to=$([ $((i % 2)) = 0 ] && echo new || echo old)
    u "$fs" "$to" 3>&- >/dev/null 2>&1 &
    pid=$!
    sleep "0.0$((RANDOM % 4))$((RANDOM % 9))"
    [ $((i % 3)) != 0 ] || sync -f "$fs"
    cut_power "$fs"
    { wait "$pid"; } 2>/dev/null || true
    umount "$fs"
    mount -o loop "$fs.image" "$fs"
    # Without a record, as after a power cut that took it, it has to be said.
    { { u "$fs" "$to" 2>/dev/null || u "$fs" "$to" --from="$([ "$to" = new ] && echo old || echo new)"; } \
        && is_whole "$fs" "$to"; } || failed="$failed $i"
    sync -f "$fs"
  done
  is "$fs: the power is cut 6 times" "$failed" ""
done

# A full disk: one line of error, and it goes on once there is room.
truncate -s 24M small.image
mkfs.ext4 -q -F -m 0 -N 8000 small.image
mkdir small
mount -o loop small.image small
at_exit "umount -l '$PWD/small' 2>/dev/null"
head -c 3000000 /dev/urandom >new/large
make_repo small/repo archive
u small old
for room in 8 100 400 1500; do
  have=$(df --output=avail -k small | tail -1)
  fallocate -l $((have - room))K small/filler 2>/dev/null || dd if=/dev/zero of=small/filler bs=1K count=$((have - room)) status=none
  fails_with "full with $room KiB left" "[Nn]o space left" u small new
  rm small/filler
  fails_with "$room: something else is refused" "interrupted: first update it to one of them" u small "$("$UNDERLAY" --repo=small/repo commit -b other --tree=ref=old -s other)"
  if [ "$room" = 400 ]; then
    ok "$room: it goes back" u small old
    ok "$room: to what it was" is_whole small old
  else
    ok "$room: it goes on" u small new
    ok "$room: to what it was to be" is_whole small new
    u small old
  fi
done
ok "the repository is sound" "$OSTREE" --repo=small/repo fsck -q

done_testing
