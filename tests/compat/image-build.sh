#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images that we build of commits, as umoci unpacks them and as overlayfs shows the commits: the same tree.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd umoci skopeo setcap
private_mounts

u () { "$UNDERLAY" --repo=repo "$@"; }
u init --mode=bare
mkdir -p os/etc/deep/er os/bin os/opaque/sub os/gone/sub os/var
printf 'hello\n' >os/etc/motd
printf 'x' >os/var/x
ln os/var/x os/bin/x
ln -s ../etc/motd os/bin/link
cp /bin/true os/bin/setuid
chmod 4755 os/bin/setuid
cp /bin/true os/bin/cap
setcap cap_net_raw+ep os/bin/cap
printf 'o' >os/opaque/old
printf 'o' >os/opaque/sub/old
printf 'g' >os/gone/sub/file
printf 'long' >"os/etc/$(printf 'n%.0s' {1..200})"
printf 'f' >os/etc/becomes-dir
mkdir os/etc/becomes-file
printf 'f' >os/etc/becomes-file/x
chown 7:8 os/etc/deep
chmod 1777 os/var
chmod 0750 os
truncate -s 3000000 os/var/sparse
setfattr -n user.a -v b os/etc/motd

# What a container does to it.
mkdir up work merged
mount -t overlay overlay -o lowerdir=os,upperdir=up,workdir=work merged
rm -r merged/gone merged/opaque merged/etc/becomes-file merged/etc/becomes-dir merged/etc/motd
mkdir merged/opaque merged/etc/becomes-dir
printf 'n' >merged/opaque/new
printf 'd' >merged/etc/becomes-dir/in
printf 'f' >merged/etc/becomes-file
printf 'm' >merged/etc/deep/er/more
chown 9:9 merged/etc/deep/er/more
umount merged

u commit -b os --preserve-hardlinks --timestamp=@1000000000 os >/dev/null
mkdir -p upmore/etc upmore/gone upmore/var
mknod upmore/etc/becomes-file c 0 0
printf "g" >upmore/gone/again
printf "2" >upmore/var/two
u commit -b more --retarget-whiteouts --timestamp=@1000000000 upmore >/dev/null
u commit -b up --retarget-whiteouts --timestamp=@1000000000 up >/dev/null
u image build -q --from=os,up --entrypoint=/bin/x -e A=1 app
u image build -q --from=os,up --squash one
u image build -q --from=os base
u image build -q --base=base --from=up,more --squash more
for image in app one more; do u image export -q $image oci:layout:$image; done
u checkout --process-passthrough-whiteouts os lower
u checkout --process-passthrough-whiteouts up upper
u checkout --process-passthrough-whiteouts more upmost
mkdir shown shown-more
mount -t overlay overlay -o lowerdir=upper:lower shown
mount -t overlay overlay -o lowerdir=upmost:upper:lower shown-more

for image in app one more; do
  tree=shown
  [ $image != more ] || tree=shown-more
  umoci unpack --image "layout:$image" "$image" >/dev/null 2>&1
  same_tree "$image: umoci's tree is the overlay's" "$image/rootfs" "$tree" --no-links
done
same_tree "hardlinks, too" app/rootfs/bin lower/bin
layers () { u image show --json "$1" | grep -c '"blob"'; }
is "squash is one layer" "$(layers one) $(layers more)" "1 2"
is "skopeo has the config" "$(skopeo inspect --config oci:layout:app | tr -d ' \n' | grep -o '"config":{[^}]*}')" '"config":{"Env":["A=1"],"Entrypoint":["/bin/x"]}'
done_testing
