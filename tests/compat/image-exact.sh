#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whoever packed a layer with gzip, it goes out as it came in, though its blob isn't kept.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd gzip pigz python3 skopeo umoci zopfli

u () { "$UNDERLAY" --repo=repo "$@"; }
u init --mode=bare-user

# Texts, programs, small files, and what is packed already.
mkdir -p tree/bin tree/text
cp /usr/bin/umoci /usr/bin/skopeo tree/bin/
cp -r "$SRC"/src "$SRC"/docs tree/text/
gzip -c /usr/bin/gzip >tree/packed.gz
tar -C tree --sort=name --owner=0 --group=0 --mtime=@0 -cf all.tar .
tar -C tree --sort=name --owner=0 --group=0 --mtime=@0 -cf text.tar text

# exact NAME LAYOUT:TAG
exact ()
{
  u image import -q --name="$1" "oci:$2"
  ok "$1: goes out as it came" u image export -q --exact "$1" "oci:out:$1"
}
# packed_by NAME TAR COMMAND...: an image of that tar, as the command packs its standard input.
packed_by ()
{
  local name=$1 tar=$2
  shift 2
  "$@" <"$tar" >"$name.gz"
  mkimage in "$name" "$tar:@$name.gz" >>log
  exact "$name" "in:$name"
}

packed_by gzip-1 all.tar gzip -1
packed_by gzip-6 all.tar gzip
packed_by gzip-9 all.tar gzip -9
packed_by gzip-rsyncable all.tar gzip --rsyncable
packed_by pigz all.tar pigz
packed_by pigz-9 all.tar pigz -9 -p 3
packed_by pigz-independent all.tar pigz -i -b 64
packed_by zopfli-of-pigz text.tar pigz -11 -I 1 -F
cat >zopfli.sh <<'E'
cat >"$T/zopfli.in" && zopfli -c --i1 "$T/zopfli.in"
E
packed_by zopfli text.tar sh zopfli.sh
# By Go's libraries, as podman and buildah have them.
mkimage plain v1 all.tar:none text.tar:none >>log
skopeo --insecure-policy copy -q --dest-compress --dest-compress-format gzip oci:plain:v1 oci:go:v1
exact go go:v1
umoci init --layout umoci 2>>log
umoci new --image umoci:v1 2>>log
umoci raw add-layer --image umoci:v1 all.tar 2>>log
exact umoci umoci:v1
# Of several members, and with something behind.
cat >members.sh <<'E'
split -a 1 -b 2000000 --filter='gzip -n -"$(($(printf %d "'\''$FILE") % 9 + 1))"' - "" && head -c 100000 /dev/zero
E
packed_by members-and-zeros all.tar bash members.sh

is "none of them was kept as it is" "$(for ref in $(u refs --list image/blob); do u ls "$ref" | tail -n 1 | awk '{ print $NF }'; done | sort -u)" /gzip-split
# Half of it by gzip itself, less by others.
is "what is kept is less" "$((3 * $(u image df --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["in_blobs"]["bytes"])') < 2 *
  $(find in umoci go -path '*/blobs/*' -size +1k -exec stat -c %s {} + | awk '{ n += $1 } END { print n }')))" 1
ok "fsck" u fsck -q

# In a repository that packs its objects, and one that has it from there.
"$UNDERLAY" init --repo=archive --mode=archive
"$UNDERLAY" --repo=archive pull-local repo >>log
ok "from an archive" "$UNDERLAY" --repo=archive image export -q --exact gzip-6 oci:out2:v1

done_testing
