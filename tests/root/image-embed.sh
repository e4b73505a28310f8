#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# commit --image-store: a checkout has the store that `image store create` makes, and podman runs images from it.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 ostree
. "$SRC/tests/root/podman-common.sh"

export UNDERLAY_REPO=repo
u () { "$UNDERLAY" "$@"; }
in_container () { pod run --rm "${limits[@]}" "$@"; }
at=/usr/lib/containers/storage
sum () { sha256sum | cut -d' ' -f1; }

# A base, a layer upon it that deletes, replaces a directory and has an owner, and one more.
mkdir -p base/bin base/etc/sub base/tmp base/opt/old one/etc/sub one/opt/.keep two/etc
cp "$(command -v busybox)" base/bin/busybox
for a in sh cat ls echo test stat; do ln -s busybox "base/bin/$a"; done
chmod 555 base one two
printf 'base\n' >base/etc/base
printf 'gone\n' >base/etc/gone
printf 'lower\n' >base/etc/sub/lower
printf 'lower\n' >base/opt/old/file
chown 12:34 base/etc/base
chmod 4755 base/bin/busybox
setfattr -n user.x -v 1 base/etc/base
printf 'added\n' >one/etc/added
printf 'upper\n' >one/etc/sub/upper
chown 5:6 one/etc/sub
setfattr -n user.y -v 2 one/etc/sub
: >one/etc/.wh.gone
: >one/etc/sub/.wh..wh..opq
: >one/opt/.wh.old
printf 'second\n' >two/etc/second
: >two/etc/.wh.base
for l in base one two; do
  tar -C $l -c --format=pax --xattrs --xattrs-include='*' --sort=name . >$l.tar
done
mkimage layout base base.tar >/dev/null
mkimage layout v1 base.tar one.tar:none >/dev/null
mkimage layout v2 base.tar one.tar two.tar >/dev/null
id () { printf '%s+%s' "$1" "$(sum <"$2")" | sum; }
one=$(id "$(sum <base.tar)" one.tar)

u init --mode=bare
u image import -q --name=base:1 oci:layout:base
u image import -q --name=app oci:layout:v1
u image import -q --name=app:2 oci:layout:v2
u image import -q --name=same oci:layout:v2
mkdir -p rootfs/usr/lib rootfs/etc
echo os >rootfs/etc/os
objects=$(find repo/objects -name '*.file' | sort)
ok "a commit with a store" u commit -b os --tree=dir=rootfs --image-store=$at=base:1,app --image-store=$at=app:2,same
u checkout --process-passthrough-whiteouts os co
ok "the store of a command" u image store create -q --store=store --shared --mtimes=zero base:1 app app:2 same

# same_store NAME A B: but for the tokens, and what only a writer needs.
same_store ()
{
  local side
  for side in "$2" "$3"; do
    treedump --no-links "$side" | sed -E 's/^(.*\.lock file 0644 0:0 64) [0-9a-f]+/\1 TOKEN/; /^\.\/\.underlay-/d'
  done >"$T/dumps"
  is "$1" "$(head -n $(($(wc -l <"$T/dumps") / 2)) "$T/dumps")" "$(tail -n +$(($(wc -l <"$T/dumps") / 2 + 1)) "$T/dumps")"
}
same_store "is the same" co$at store
is "the locks have tokens" "$(stat -c %s co$at/overlay-layers/layers.lock co$at/overlay-images/images.lock)" $'64\n64'
is "nothing is wrong with it" "$("$BUILD/tests/image/make-store" co$at)" ""
is "opaque for root and for others" "$(getfattr -d -m overlay --absolute-names "co$at/overlay/$one/diff/etc/sub" | grep -c 'opaque="y"')" 2
is "and its owner is kept" "$(stat -c %u:%g "co$at/overlay/$one/diff/etc/sub")" 5:6
is "new objects are small files" \
  "$(comm -13 <(echo "$objects") <(find repo/objects -name '*.file' | sort) | xargs -d '\n' stat -c '%F %s' | awk '$NF > 20000' | wc -l)" 0
is "files are the layers' objects" "$(stat -c %h "co$at/overlay/$(sum <base.tar)/diff/bin/busybox" | awk '$1 > 1')" \
  "$(stat -c %h "store/overlay/$(sum <base.tar)/diff/bin/busybox")"
ok "fsck" u fsck -q
ok "ostree fsck" ostree --repo=repo fsck -q

pod_ro co$at
is "podman lists the images" "$(pod images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' | sort | tr '\n' ' ')" \
  "localhost/app:2 true localhost/app:latest true localhost/base:1 true localhost/same:latest true "
run in_container app /bin/sh -c 'ls /etc/sub; cat /etc/base /etc/added; test ! -e /etc/gone && test ! -e /opt/old && echo deleted'
is "and runs one with whiteouts and an opaque directory" "$out" $'upper\nbase\nadded\ndeleted'
diag "$err"
run in_container app:2 /bin/sh -c 'cat /etc/second; test ! -e /etc/base && echo deleted'
is "and another one on it" "$out" $'second\ndeleted'
ok "podman saves one" pod save -q --format oci-dir -o saved app
is "with its layer as it was" "$(for f in saved/blobs/sha256/*; do gzip -dc "$f" 2>/dev/null | sum; sum <"$f"; done | grep -c "^$(sum <one.tar)")" 1

# The storage.conf of the tree, in its place.
ok "the tree has a storage.conf" test -f co/usr/share/containers/storage.conf
sed -i "s#^runroot.*#runroot = \"$PWD/run3\"#; s#^graphroot.*#graphroot = \"$PWD/graph3\"#; s#\"$at\"#\"$PWD/ro\"#" \
  co/usr/share/containers/storage.conf
is "podman reads the stores from it" \
  "$(CONTAINERS_STORAGE_CONF=$PWD/co/usr/share/containers/storage.conf podman images --format '{{.Repository}}:{{.Tag}}' 3>&- | sort | tr '\n' ' ')" \
  "localhost/app:2 localhost/app:latest localhost/base:1 localhost/same:latest "

# Labels: those of the store in /var.
contexts=policy/etc/selinux/p/contexts/files
mkdir -p $contexts
printf 'SELINUX=enforcing\nSELINUXTYPE=p\n' >policy/etc/selinux/config
printf '%s\n' '/.* s:o:base' '/var/lib/containers/storage(/.*)? s:o:store' \
  '/var/lib/containers/storage/overlay/[^/]*/diff/etc/gone -c s:o:gone' >$contexts/file_contexts
label () { getfattr -h --only-values -n security.selinux "$1" 2>/dev/null | tr -d '\0'; }
ok "with a policy" u commit -b labelled --selinux-policy=policy --tree=dir=rootfs --image-store=$at=app
u checkout --process-passthrough-whiteouts labelled labelled
is "files are labelled as in /var" "$(label "labelled$at/overlay/$one/diff/etc/added")" s:o:store
is "directories, too" "$(label "labelled$at/overlay/$one/diff/etc/sub") $(label labelled$at)" "s:o:store s:o:store"
is "opaque they stay" "$(getfattr -d -m overlay --absolute-names "labelled$at/overlay/$one/diff/etc/sub" | grep -c opaque)" 2
is "whiteouts as devices" "$(label "labelled$at/overlay/$one/diff/etc/gone")" s:o:gone
is "lists and links" "$(label labelled$at/overlay-layers/layers.json) $(label labelled$at/overlay-layers/"$one".tar-split.gz)" "s:o:store s:o:store"
is "nothing else" "$(label labelled/usr/lib/containers) $(label labelled/usr/share/containers/storage.conf)" "s:o:base s:o:base"
ok "with an equivalence of one's own" u commit -b labelled --selinux-policy=policy --selinux-equivalence=$at=/mine --tree=dir=rootfs --image-store=$at=app
rm -rf labelled
u checkout --process-passthrough-whiteouts labelled labelled
is "that one counts" "$(label labelled$at)" s:o:base
ok "ostree fsck of labelled ones" ostree --repo=repo fsck -q

# Other ways in.
ok "on a base" u commit -b based --base=os --tree=dir=rootfs --image-store=/srv/images=app
ok "all owners" u commit -b owned --owner-uid=7 --owner-gid=8 --tree=dir=rootfs --image-store=$at=app
u checkout --process-passthrough-whiteouts owned owned
is "are changed in layers as well" "$(stat -c %u:%g "owned$at/overlay/$one/diff/etc/sub" "owned$at/overlay/$one/diff/etc/added" owned$at/overlay-images/images.json | sort -u)" 7:8
fails_with "without xattrs opaque directories can't be" \
  "overlay/$one/diff/etc/sub: directory is opaque, which can't be stored without xattrs" \
  u commit -b bad --no-xattrs --tree=dir=rootfs --image-store=$at=app
ok "a base image can" u commit -b plain --no-xattrs --tree=dir=rootfs --image-store=$at=base:1

done_testing
