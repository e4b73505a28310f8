#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# commit --image-store: what is in the commit and what is new in the repository, storage.conf, what is refused. That
# podman runs it is tested in tests/root/image-embed.sh.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
c () { u commit -b os --no-bindings --parent=none --timestamp=@1 "$@"; }
at=/usr/lib/containers/storage
sum () { sha256sum | cut -d' ' -f1; }
count () { find r/objects -name "$1" | wc -l; }

"$UNDERLAY" init --repo=r --mode=bare-user
mktar a.tar pax 'd|etc|' 'd|etc/d|' 'f|etc/a|a' 'f|etc/d/old|old'
mktar b.tar pax 'd|etc|' 'f|etc/b|b' 'f|etc/.wh.a|' 'd|etc/d|' 'f|etc/d/.wh..wh..opq|' 'f|etc/d/new|new'
mkimage layout v1 a.tar b.tar >out.log
mkimage layout v2 a.tar >out.log
u image import -q --name=app oci:layout:v1
u image import -q --name=base:1 oci:layout:v2
a=$(sum <a.tar)
b=$(printf '%s+%s' "$a" "$(sum <b.tar)" | sum)
mkdir -p rootfs/etc rootfs/usr/bin
echo os >rootfs/etc/os

u commit -b plain rootfs >out.log
files=$(count '*.file')
trees=$(count '*.dirtree')
ok "a store in a tree" c --tree=dir=rootfs --image-store=$at=app
first=$(u rev-parse os)
# link, l/ and lower of two layers; two lists with locks; storage.conf. Documents and tar-splits are there already.
is "new file objects are the store's own" "$(($(count '*.file') - files))" 10
is "content of layers isn't among them" "$(find r/objects -name '*.file' -newer out.log -size +3k | wc -l)" 0
is "new directories: those above the layers, and those above an opaque one" "$(($(count '*.dirtree') - trees))" 16
id=$(u cat image/localhost/app_3A_latest /config | sum)
is "what is in it" "$(u ls -R --nul-filenames-only os $at/overlay $at/overlay-layers $at/overlay-images | tr '\0' '\n' \
  | sed -E "s#$at/##; s#$a#A#g; s#$b#B#g; s#$id#ID#; s#l/[A-Z2-7]{26}#l/LINK#; s#=.*#=KEY#" | sort)" 'overlay
overlay-images
overlay-images/ID
overlay-images/ID/=KEY
overlay-images/ID/=KEY
overlay-images/ID/manifest
overlay-images/images.json
overlay-images/images.lock
overlay-layers
overlay-layers/A.tar-split.gz
overlay-layers/B.tar-split.gz
overlay-layers/layers.json
overlay-layers/layers.lock
overlay/A
overlay/A/diff
overlay/A/diff/etc
overlay/A/diff/etc/a
overlay/A/diff/etc/d
overlay/A/diff/etc/d/old
overlay/A/empty
overlay/A/link
overlay/A/merged
overlay/A/work
overlay/B
overlay/B/diff
overlay/B/diff/etc
overlay/B/diff/etc/.ostree-wh.a
overlay/B/diff/etc/b
overlay/B/diff/etc/d
overlay/B/diff/etc/d/new
overlay/B/link
overlay/B/lower
overlay/B/merged
overlay/B/work
overlay/l
overlay/l/LINK
overlay/l/LINK'
ok "again" c --tree=dir=rootfs --image-store=$at=app
is "is the same commit" "$(u rev-parse os)" "$first"
ok "in two words, with an image twice" c --tree=dir=rootfs --image-store=$at=app --image-store=$at=app:latest,localhost/app
is "is the same" "$(u rev-parse os)" "$first"
ok "with one worker" c -j1 --tree=dir=rootfs --image-store=$at=app
is "is the same, too" "$(u rev-parse os)" "$first"
is "and in another mode" "$("$UNDERLAY" init --repo=z --mode=archive; for n in app:v1 base:v2; do "$UNDERLAY" --repo=z image import -q --name=${n%:*} oci:layout:${n#*:}; done
  "$UNDERLAY" --repo=z commit -b os --no-bindings --parent=none --timestamp=@1 --tree=dir=rootfs --image-store=$at=app)" "$first"

# What is where.
entry () { u ls -d "os" "$1" | awk '{ print $1, $2, $3 }'; }
is "directories on the way are root's" "$(entry /usr/lib) $(entry $at/overlay)" "d00755 0 0 d00755 0 0"
is "the tree of the base is the layer's" "$(u ls -dC os $at/overlay/"$a"/diff | awk '{ print $5, $6 }')" \
  "$(u ls -dC image/layer/"$a" / | awk '{ print $5, $6 }')"
is "a whiteout is the layer's marker" "$(u ls -C os $at/overlay/"$b"/diff/etc/.ostree-wh.a | awk '{ print $5 }')" \
  "$(u ls -C image/layer/"$b" /etc/.ostree-wh.a | awk '{ print $5 }')"
like "an opaque directory has both xattrs" "$(u ls -dX os $at/overlay/"$b"/diff/etc/d)" \
  "trusted.overlay.opaque.*user.overlay.opaque"
is "the tar-split is the one that is there" "$(u ls -C os $at/overlay-layers/"$b".tar-split.gz | awk '{ print $5 }')" \
  "$(u ls -C "image/tar-split/$(sum <b.tar)" /tar-split.gz | awk '{ print $5 }')"
is "which layer is below" "$(u cat os $at/overlay/"$b"/lower)" "l/$(u cat os $at/overlay/"$a"/link)"
is "a token follows from its list" "$(u cat os $at/overlay-layers/layers.lock | head -c 32 | od -An -tx1 -v | tr -d ' \n')" \
  "$(u cat os $at/overlay-layers/layers.json | sum)"
ok "fsck" u fsck -q
ok "other images are another token" c --tree=dir=rootfs --image-store=$at=app,base:1
isnt "that is so" "$(u cat os $at/overlay-images/images.lock | sum)" "$(u cat "$first" $at/overlay-images/images.lock | sum)"
ok "two stores" c --tree=dir=rootfs --image-store=/a/b=app --image-store=/c=base:1
is "are two" "$(u ls os /a/b/overlay | wc -l) $(u ls os /c/overlay | wc -l)" "4 3"
ok "with --preserve-hardlinks" c --preserve-hardlinks --tree=dir=rootfs --image-store=$at=app
ok "fsck says so" u fsck -q

# storage.conf
conf=/usr/share/containers/storage.conf
is "all stores are in storage.conf" "$(u cat "$first" $conf)" '[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"

[storage.options]
additionalimagestores = ["'$at'"]'
c --tree=dir=rootfs --image-store=/a/b=app --image-store=/c=base:1 >out.log
is "or several" "$(u cat os $conf | tail -n 1)" 'additionalimagestores = ["/a/b", "/c"]'
run c --image-store-conf=none --tree=dir=rootfs --image-store=$at=app
is "--image-store-conf=none says nothing" "$err" ""
nok "and makes none" u cat os $conf
for place in etc usr/etc usr/share; do
  mkdir -p "conf/$place/containers"
  printf '[storage.options]\n# "%s"\n' $at >"conf/$place/containers/storage.conf"
  run c --tree=dir=conf --image-store=$at=app
  is "one in /$place stays" "$status $(u cat os "/$place/containers/storage.conf" | tail -n 1)" "0 # \"$at\""
  is "/$place: and a line says what it needs" "$err" \
    "/$place/containers/storage.conf is in the tree already: podman needs additionalimagestores = [\"$at\"] below [storage.options] in it"
  printf 'additionalimagestores = ["%s"]\n' $at >>"conf/$place/containers/storage.conf"
  run c --tree=dir=conf --image-store=$at=app
  is "/$place: nothing is said if it names the store" "$status $err" "0 "
  [ "$place" = usr/share ] || nok "/$place: there is no other" u cat os $conf
  rm -r conf
done
mkdir -p conf/etc/containers
ln -s elsewhere conf/etc/containers/storage.conf
run c --tree=dir=conf --image-store=$at=app
like "a symlink counts as one" "$err" '^/etc/containers/storage.conf is in the tree already'
rm -r conf

# Options of the commit.
echo "=$((0755)) $at/overlay" >so
ok "--statoverride" c --statoverride=so --tree=dir=rootfs --image-store=$at=app
echo "=$((0700)) $at/overlay-layers" >so
ok "--statoverride with another mode" c --statoverride=so --tree=dir=rootfs --image-store=$at=app
is "changes the store's directories" "$(entry $at/overlay-layers)" "d00700 0 0"
mkdir -p "old$at"
echo x >"old$at/file"
echo $at >skip
ok "--skip-list makes way for a store" c --skip-list=skip --tree=dir=old --image-store=$at=app
is "which has all" "$(u ls os $at | wc -l)" 4
"$UNDERLAY" init --repo=buo --mode=bare-user-only
"$UNDERLAY" --repo=buo pull-local "$T/r" image/localhost/app_3A_latest image/layer/"$a" image/layer/"$b" \
  image/tar-split/"$(sum <a.tar)" image/tar-split/"$(sum <b.tar)" >out.log
ok "bare-user-only" "$UNDERLAY" --repo=buo commit -b os --tree=dir=rootfs --image-store=$at=app
like "keeps what is opaque in both forms" "$("$UNDERLAY" --repo=buo ls -dX os $at/overlay/"$b"/diff/etc/d)" \
  "trusted.overlay.opaque.*user.overlay.opaque"

# Wrong.
before=$(u rev-parse os)
bad () { fails_with "$1" "$2" c --tree=dir="${4:-rootfs}" --image-store="$3"; }
bad "no image" "^error: No image in --image-store=$at=$" "$at="
bad "no path" "^error: Missing '=' in --image-store=app$" app
for path in usr/lib / /a/../b /a//b /a/. /a/ ''; do
  bad "path '$path'" "--image-store: '$path' is not an absolute path" "$path=app"
done
bad "no such image" "image localhost/nix:latest: not there" $at=nix
bad "not a name" "--image-store: " $at=app,,base:1
bad "something is there" "error: $at: the tree has something there already$" $at=app old
bad "a file is there" "$at/file: the tree has something there already" $at/file=app old
bad "a file is above it" "$at/file" $at/file/x=app old
fails_with "one store in another" "/a/overlay: the tree has something there already" \
  c --tree=dir=rootfs --image-store=/a=app --image-store=/a/overlay=app
fails_with "--no-xattrs" "directory is opaque, which can't be stored without xattrs" \
  c --no-xattrs --tree=dir=rootfs --image-store=$at=app
fails_with "--image-store-conf" "must be auto or none, not 'x'" c --image-store-conf=x rootfs
u refs --delete "image/tar-split/$a"
bad "a layer without its tar-split" "image localhost/app:latest: layer 1: image/tar-split/$a: not there" $at=app
is "nothing was committed" "$(u rev-parse os)" "$before"

done_testing
