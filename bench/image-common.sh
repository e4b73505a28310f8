# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# For the scenarios about images. The peer is skopeo, which copies from a layout into containers' storage. The image
# has three layers of $TREE, about 600 MB: as it is, and twice below another directory with every file changed.

# append DIR TEXT [EVERY]: TEXT behind each (or every EVERYth) file in DIR.
append ()
{
  find "$1" -type f -print0 | sort -z | awk -v RS='\0' -v ORS='\0' -v n="${3:-1}" 'NR % n == 0' \
    | xargs -0 -n 500 sh -c 'text=$0; for f; do echo "$text" >>"$f"; done' "$2"
}

# changed_tree DIR TEXT [EVERY]: the same of $TREE, in DIR.
changed_tree ()
{
  mkdir -p "$1"
  cp -a "$TREE/." "$1"
  append "$@"
}

# add_layer LAYOUT TAG DIR: as umoci and others make it: gzip.
add_layer ()
{
  tar -C "$3" --xattrs --sort=name -cf "$1.tar" .
  umoci raw add-layer --image "$1:$2" "$1.tar" 2>/dev/null
  rm -f "$1.tar"
}

# In the directory of all tools, once: v1 in layout; in second and few another third layer, of which
# every file has changed, or one in twenty.
make_images ()
{
  [ ! -e ../layout ] || return 0
  mkdir -p ../one ../two ../three
  changed_tree ../one/opt/one one
  changed_tree ../two/opt/two two
  changed_tree ../three/opt/two three
  cp -a ../two ../four
  append ../four few 20
  umoci init --layout ../layout 2>/dev/null
  umoci new --image ../layout:v1 2>/dev/null
  add_layer ../layout v1 "$TREE"
  add_layer ../layout v1 ../one
  cp -a ../layout ../second
  cp -a ../layout ../few
  add_layer ../layout v1 ../two
  add_layer ../second v1 ../three
  add_layer ../few v1 ../four
  rm -rf ../one ../two ../three ../four
}

# skopeo_copy LAYOUT: what is measured of it, into ./root.
skopeo_copy () { cmd=(skopeo --insecure-policy copy -q "oci:../$1:v1" "containers-storage:[overlay@$PWD/root+$PWD/run]localhost/x:1"); }
# The library mounts a directory in it on itself, and leaves it so.
drop_storage () { umount root/overlay 2>/dev/null || true; rm -rf root run; }
clear () { umount "$dir"/*/root/overlay 2>/dev/null || true; }
