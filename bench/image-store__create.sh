# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
. "$here/image-common.sh"
title="image store create (peer: skopeo)"
target="at least 20x"

setup ()
{
  make_images
  [ "$1" = underlay ] || return 0
  tool underlay init --repo=repo --mode=bare
  tool underlay image import -q --repo=repo --name=x:1 oci:../layout:v1
}
reset ()
{
  drop_storage
  rm -rf store
}
job ()
{
  case $1 in
    underlay) cmd=("$UNDERLAY" image store create --repo=repo --store=store x:1) ;;
    ostree) skopeo_copy layout ;;
  esac
}

# What it takes on the disk beside the repository.
extra ()
{
  local both alone
  both=$(du -sk underlay/repo underlay/store | awk '{ n += $1 } END { print n }')
  alone=$(du -sk underlay/repo | cut -f1)
  printf '| %-5s | %-38s | %8.1f | %8.1f | %6.1fx | %-16s | %6s | %6s | %5s |\n' "$1" "  disk it takes, MB" \
    "$(du -sk ostree/root | awk '{ print $1 / 1024 }')" "$(awk "BEGIN { print ($both - $alone) / 1024 }")" \
    "$(awk "BEGIN { print $(du -sk ostree/root | cut -f1) / ($both - $alone) }")" "no new file data" "" "" ""
}
