# SPDX-License-Identifier: LGPL-2.1-or-later
# The power is cut at each step of a change of a container store: it is the old one or the new one,
# and the same change can be made again. (tests/image/test-store kills it there.)
. "$(dirname "$0")/../lib/tap.sh"
need_root
private_mounts
crash=$BUILD/tests/image/crash-store

for fs in ext4 xfs; do
  if ! command -v "mkfs.$fs" >/dev/null; then
    skip "$fs" "no mkfs.$fs"
    continue
  fi
  truncate -s 400M "$fs.image"
  mkdir "$fs"
  "mkfs.$fs" -q "$fs.image"
  mount -o loop "$fs.image" "$fs" 2>/dev/null || skip_all "no loop devices here"
  at_exit "umount -l '$PWD/$fs' 2>/dev/null"
  failed=''
  states=''
  status=3
  for ((i = 0; status == 3; i++)); do
    "$crash" make "$fs/$i"
    sync -f "$fs"
    status=0
    "$crash" cut "$fs/$i" "$i" || status=$?
    [ "$status" = 3 ] || [ "$status" = 0 ] || failed="$failed $i: status $status"
    umount "$fs"
    mount -o loop "$fs.image" "$fs"
    state=$("$crash" check "$fs/$i")
    case $state in
      old) "$crash" cut "$fs/$i" 1000 && [ "$("$crash" check "$fs/$i")" = new ] || failed="$failed $i: again" ;;
      new) ;;
      *) failed="$failed $i: $state" ;;
    esac
    states="$states $state"
  done
  is "$fs: the power is cut at $((i - 1)) steps" "$failed" ""
  like "$fs: the old one, then the new one" "$states" '^( old)+( new)+$'
done

done_testing
