# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Ten versions of a one-layer image, of whose files every 20th changes each time: the last one is measured, and the
# disk that all take.
. "$here/image-common.sh"
title="image import, the tenth version"
target=""
versions=10

copy_version ()
{
  if [ "$1" = underlay ]; then
    cmd=("$UNDERLAY" image import -q --repo=repo "--name=x:$2" "oci:../versions-$2:v1")
  else
    cmd=(skopeo --insecure-policy copy -q "oci:../versions-$2:v1" "containers-storage:[overlay@$PWD/root+$PWD/run]localhost/x:$2")
  fi
}
setup ()
{
  local i
  if [ ! -e "../versions-$versions" ]; then
    for ((i = 1; i <= versions; i++)); do
      # Other files each time: a version is the one before it, but for these.
      [ -e ../tree ] && find ../tree -type f -print0 | sort -z | awk -v RS='\0' -v ORS='\0' -v i="$i" 'NR % 20 == i' \
        | xargs -0 sh -c 'text=$0; for f; do echo "$text" >>"$f"; done' "$i"
      [ -e ../tree ] || cp -a "$TREE" ../tree
      umoci init --layout "../versions-$i" 2>/dev/null
      umoci new --image "../versions-$i:v1" 2>/dev/null
      add_layer "../versions-$i" v1 ../tree
    done
    rm -rf ../tree
  fi
  [ "$1" != underlay ] || tool underlay init --repo=repo --mode=bare
  for ((i = 1; i < versions; i++)); do
    copy_version "$1" "$i"
    "${cmd[@]}"
  done
  if [ "$1" = underlay ]; then cp -al repo before; fi
}
reset ()
{
  if [ "$1" = underlay ]; then
    rm -rf repo
    cp -al before repo
  else
    skopeo --insecure-policy delete "containers-storage:[overlay@$PWD/root+$PWD/run]localhost/x:$versions" 2>/dev/null || true
  fi
}
job () { copy_version "$1" "$versions"; }

extra ()
{
  local theirs ours
  theirs=$(du -sk ostree/root | cut -f1)
  ours=$(du -sk underlay/repo | cut -f1)
  printf '| %-5s | %-38s | %8.1f | %8.1f | %6.1fx | %-16s | %6s | %6s | %5s |\n' "$1" "  disk that ten versions take, MB" \
    "$(awk "BEGIN { print $theirs / 1024 }")" "$(awk "BEGIN { print $ours / 1024 }")" "$(awk "BEGIN { print $theirs / $ours }")" \
    "at least 3x" "" "" ""
}
