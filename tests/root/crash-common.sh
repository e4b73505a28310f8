# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For the scripts that break a commit half way: two trees, the steps of a transaction, and what must
# hold afterwards.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd "$OSTREE" mkfs.ext4
CRASH=$BUILD/tests/build/crash-writer

make_trees ()
{
  local i
  mkdir -p old new/sub
  for i in 1 2 3 4 5 6; do printf 'file %s' "$i" >"old/$i"; done
  cp -a old/. new/
  for i in 7 8 9; do printf 'file %s' "$i" >"new/sub/$i"; done
  printf changed >new/1
  ln -s 1 new/link
  setfattr -n user.note -v x new/2
  head -c 200000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >new/noise 2>/dev/null
}

# mount_image FILE DIR: mounted until the end of the script.
mount_image ()
{
  mkdir -p "$2"
  mount -o loop "$1" "$2"
  at_exit "umount -l '$2' 2>/dev/null"
}

# The steps of the commit of new/ on a repository like REPO, as lines "STEP COUNT".
steps_of ()
{
  cp -a "$1" steps.repo
  "$CRASH" list steps.repo new line
  rm -rf steps.repo
}

# The first, the middle and the last time of a step that comes $1 times.
times_of () { printf '%s\n' 1 $((($1 + 1) / 2)) "$1" | sort -nu; }

staging_of () { find "$1/tmp" -mindepth 1 -maxdepth 1 -name 'staging-*'; }

# still_sound LABEL REPO OLD NEW: REPO is the old one or the new one, and goes on as if nothing was.
still_sound ()
{
  local label=$1 repo=$2 old=$3 new=$4 now
  now=$("$OSTREE" --repo="$repo" rev-parse line 2>&1) || true
  if [ "$now" = "$old" ] || [ "$now" = "$new" ]; then
    pass "$label: the old commit or the new one"
  else
    fail "$label: the old commit or the new one" "got: $now"
  fi
  ok "$label: the peer's fsck" "$OSTREE" --repo="$repo" fsck -q --all
  ok "$label: our fsck" "$UNDERLAY" --repo="$repo" fsck -q
  is "$label: the next commit" \
    "$("$UNDERLAY" --repo="$repo" commit -b line --parent="$old" --timestamp=@1577934245 new)" "$new"
  is "$label: no staging is left" "$(staging_of "$repo")" ""
  ok "$label: the peer's fsck after it" "$OSTREE" --repo="$repo" fsck -q --all
  ok "$label: the peer commits after it" "$OSTREE" --repo="$repo" commit -b peer old
}

# The loop device goes some time after the mount; a new mount of the same file would take it over
# with the old file system in it, which is shut down.
unmount ()
{
  local i
  umount mnt
  for i in {1..200}; do
    [ -n "$(losetup -j cut 2>/dev/null)" ] || return 0
    sleep 0.05
  done
  diag "the loop device of cut is still there after $i tries"
}
