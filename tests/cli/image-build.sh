#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image build: images of commits.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd jq zstd

R=$T/repo
"$UNDERLAY" init --repo="$R" --mode=bare-user
u () { "$UNDERLAY" --repo="$R" "$@"; }
build () { u image build "$@"; }
commit () { u commit --timestamp=@"$1" -b "$2" --owner-uid=0 --owner-gid=0 "${@:4}" "$3" >/dev/null; }
config () { u image show --config "$1" | jq -c "$2"; }
manifest () { u image show --manifest "$1" | jq -c "$2"; }
layers () { manifest "$1" '[.layers[].digest]'; }

mkdir -p os/etc os/usr/bin os/var up/etc up/var
printf 'hello\n' >os/etc/motd
printf 'x' >os/var/x
ln os/var/x os/usr/x
ln -s motd os/etc/link
chmod 4755 os/usr/bin
printf 'new\n' >up/etc/new
printf '' >up/etc/.ostree-wh.motd
chmod 000 up/etc/.ostree-wh.motd
commit 1000000000 os os -s 'the system' --preserve-hardlinks
commit 1000000100 up up

is "what it says" "$(build --from=os,up --cmd=/bin/sh app | sed 's/sha256:[0-9a-f]*/D/; s/(.* packed)/(P)/')" \
  "localhost/app:latest: D, 2 layers, 2 new (P)"
is "again: unchanged" "$(build --from=os --from=up --cmd=/bin/sh app | sed 's/sha256:[0-9a-f]*/D/')" \
  "localhost/app:latest: D, 2 layers, 0 new (0 bytes packed), unchanged"
is "another number of threads" "$(build -j1 --from=os,up --cmd=/bin/sh app | grep -c unchanged)" 1
is "the config" "$(config app 'del(.rootfs, .architecture)')" \
  '{"created":"2001-09-09T01:48:20Z","os":"linux","config":{"Cmd":["/bin/sh"]},"history":[{"created":"2001-09-09T01:46:40Z","created_by":"underlay image build","comment":"the system"},{"created":"2001-09-09T01:48:20Z","created_by":"underlay image build"}]}'
is "the manifest" "$(manifest app '[.schemaVersion, .mediaType, .config.mediaType, .layers[].mediaType]')" \
  '[2,"application/vnd.oci.image.manifest.v1+json","application/vnd.oci.image.config.v1+json","application/vnd.oci.image.layer.v1.tar+gzip","application/vnd.oci.image.layer.v1.tar+gzip"]'
json=$(build --json --from=os,up --cmd=/bin/sh app)
is "JSON" "$(jq -c '[.name, .layers, .layers_new, .unchanged, .bytes_packed]' <<<"$json")" '["localhost/app:latest",2,0,true,0]'
is "JSON: the digests" "$(jq -r '.digest, .config' <<<"$json")" "$(u image show --json app | jq -r '.manifest, .id')"
is "--quiet" "$(build -q --from=os --cmd=/bin/sh quiet)" ""

# The trees are the commits'.
layer () { echo "image/layer/$(u image show --json "$1" | jq -r ".layers[$2].id")"; }
root () { u ls -C "$1" / | awk '{ print $5, $6 }'; }
is "the layer of a commit is its tree" "$(root "$(layer app 0)")" "$(root os)"
is "a whiteout stays one" "$(root "$(layer app 1)")" "$(root up)"
u image export -q app oci:out:app
blob=out/blobs/sha256/$(manifest app '.layers[0].digest' | tr -d '"' | cut -d: -f2)
like "hardlinks are hardlinks in the tar" "$(tar -tvzf "$blob")" 'h.* (./)?(var|usr)/x link to (./)?(usr|var)/x'
like "whiteouts are OCI's" "$(tar -tzf "out/blobs/sha256/$(manifest app '.layers[1].digest' | tr -d '"' | cut -d: -f2)")" 'etc/\.wh\.motd'
ok "an export is exact" u image export -q --exact app oci:exact

# The same trees, committed at another time.
commit 1100000000 os2 os -s 'the system' --preserve-hardlinks
commit 1100000001 up2 up
build -q --timestamp=@7 --from=os,up t1
build -q --timestamp=@7 --from=os2,up2 t2
is "--timestamp: the same image" "$(u image show --json t1 | jq .manifest)" "$(u image show --json t2 | jq .manifest)"
is "--timestamp: of the config" "$(config t1 '[.created, .history[].created]')" '["1970-01-01T00:00:07Z","1970-01-01T00:00:07Z","1970-01-01T00:00:07Z"]'
build -q --from=os2,up2 t3
isnt "without: another" "$(layers t3)" "$(layers t1)"

# On a base.
build -q --from=os -e A=1 -e B=2 -l x=1 --entrypoint='/bin/one two' --cmd='["three"]' --expose=80 --expose=53/udp \
  --volume=/data -w /srv -u 1:2 --stop-signal=SIGINT --author='A "B"' --platform=linux/arm/v7 base
is "settings" "$(config base '[.config, .author, .os, .architecture, .variant]')" \
  '[{"User":"1:2","ExposedPorts":{"80/tcp":{},"53/udp":{}},"Env":["A=1","B=2"],"Entrypoint":["/bin/one","two"],"Cmd":["three"],"Volumes":{"/data":{}},"WorkingDir":"/srv","Labels":{"x":"1"},"StopSignal":"SIGINT"},"A \"B\"","linux","arm","v7"]'
is "upon a base: one new layer" "$(build --base=base --from=up2 -e B=3 -e C=4 -l y=2 over | sed 's/.*, 2 layers/2 layers/; s/(.*//')" "2 layers, 1 new "
is "its layers are below" "$(layers over | jq -c '.[0:1]')" "$(layers base)"
is "its config is the start" "$(config over '[.config.Env, .config.Labels, .config.User, .config.Entrypoint, .config.Cmd, .architecture, (.history | length)]')" \
  '[["A=1","B=3","C=4"],{"x":"1","y":"2"},"1:2",["/bin/one","two"],["three"],"arm",2]'
build -q --base=base --entrypoint=/other conf
is "only its config" "$(layers conf) $(config conf '[.config.Entrypoint, .config.Cmd]')" "$(layers base) [[\"/other\"],null]"
build -q --base=base --entrypoint= --cmd= empty
is "no program" "$(config empty '[.config.Entrypoint, .config.Cmd]')" '[null,null]'
build -q --base=base --platform=linux/amd64 amd
is "no variant" "$(config amd '[.architecture, .variant]')" '["amd64",null]'
u image show --config base | jq '.config.Env = ["Z=1"] | .config.Healthcheck = {"Test": ["NONE"]} | .author = "doc" | .rootfs = 1 | .history = 2 | .created = 3' >config.json
build -q --base=base --config=config.json -e A=9 doc
is "a document" "$(config doc '[.config.Env, .config.Healthcheck, .author, .config.User, (.history | length), (.rootfs.diff_ids | length)]')" \
  '[["Z=1","A=9"],{"Test":["NONE"]},"doc","1:2",1,1]'
is "an annotation" "$(build -q --base=base --annotation='a.b=c"d' note; manifest note .annotations)" '{"a.b":"c\"d"}'

echo '{"config": {"Env": ["B=0", "A=1", "A=2"]}}' >twice.json
build -q --from=os --config=twice.json twice
build -q --base=twice -e A=3 once
is "a variable that was there twice" "$(config once .config.Env)" '["B=0","A=3"]'

# A ref is meant before a checksum that begins so.
id=$(u rev-parse image/localhost/app_3A_latest)
u refs --create="${id:0:2}" os2
build -q --timestamp=@7 --from="${id:0:2}" short
is "a ref that is a checksum's beginning" "$(layers short)" "$(layers t1 | jq -c '.[0:1]')"
u refs --delete "${id:0:2}"

# What a process that was killed has left goes with the next.
mkdir -p "$R/tmp/.underlay-0123456789abcdef/blobs"
build -q --base=base again
nok "what was left in tmp goes" test -e "$R/tmp/.underlay-0123456789abcdef"
mkdir -p "$R/tmp/.underlay-0123456789abcdef"
flock "$R/tmp/.underlay-0123456789abcdef" "$UNDERLAY" --repo="$R" image build -q --base=base again
ok "but not what somebody uses" rmdir "$R/tmp/.underlay-0123456789abcdef"

# How layers are packed.
for way in zstd none; do
  build -q --compress=$way --from=os,up "$way"
  ok "$way: an export is exact" u image export -q --exact "$way" "oci:out:$way"
done
is "zstd: the type" "$(manifest zstd '.layers[0].mediaType')" '"application/vnd.oci.image.layer.v1.tar+zstd"'
is "none: the digests are the diff IDs" "$(layers none)" "$(config none .rootfs.diff_ids)"
is "the layers are the same, however packed" "$(config zstd .rootfs.diff_ids)" "$(config app .rootfs.diff_ids)"
is "--keep-blobs" "$(u refs --list image/blob | wc -l; build -q --compress=zstd --keep-blobs --from=os,os,up kept; u refs --list image/blob | wc -l)" "0
2"

# Wrong.
before=$(u refs | sort)
fails_with "of nothing" '^error: What to build it of must be given: --from or --base$' build x
fails_with "no name" '^error: Exactly one NAME must be given$' build --from=os
fails_with "no such commit" '^error: build localhost/x:latest: Refspec .nix. not found$' build --from=os,nix x
fails_with "an empty REV" '^error: --from=os,: a REV is empty$' build --from=os, x
fails_with "nothing in --from" '^error: --from=: a REV is empty$' build --from= x
fails_with "no such base" '^error: build localhost/x:latest: image localhost/nix:latest: not there$' build --base=nix --from=os x
fails_with "a bad name" 'Invalid image name' build --from=os 'A b'
fails_with "env without a value" "env 'A': not NAME=VALUE" build --from=os -e A x
fails_with "a label without a name" "label '=1': not NAME=VALUE" build --from=os -l =1 x
fails_with "an annotation without a value" "annotation 'A': not NAME=VALUE" build --from=os --annotation=A x
fails_with "no port" "port '0': not PORT" build --from=os --expose=0 x
fails_with "no protocol" "port '80/x': not PORT" build --from=os --expose=80/x x
fails_with "a relative volume" "volume 'data': not an absolute path" build --from=os --volume=data x
fails_with "a relative directory" "workdir 'srv': not an absolute path" build --from=os -w srv x
for signal in FOO '' -1 99 SIG; do
  fails_with "no signal: '$signal'" "stop signal '$signal': no such signal" build --from=os --stop-signal="$signal" x
done
for signal in TERM SIGINT 9 RTMIN+3 SIGRTMAX-1; do
  ok "a signal: $signal" build -q --base=base --stop-signal="$signal" signal
done
u image remove -q signal
fails_with "a name with a digest" 'a name with a digest' build --from=os "x@sha256:$(printf 'a%.0s' {1..64})"
fails_with "no such packing" '^error: --compress must be one of gzip, zstd, none, not .xz.$' build --from=os --compress=xz x
fails_with "an empty time" '^error: --timestamp: it is empty$' build --from=os --timestamp= x
fails_with "no time" '^error: --timestamp: ' build --from=os --timestamp=never x
fails_with "a platform" '^error: --platform: ' build --from=os --platform=linux x
fails_with "words that don't end" "^error: --cmd: " build --from=os --cmd='"a' x
fails_with "an array of something else" '^error: --entrypoint: array: ' build --from=os --entrypoint='[1]' x
fails_with "no such config" '^error: --config: ' build --from=os --config=nix.json x
for bad in '[]' '{' '{"Cmd": ["a"]}' '{"config": {"Env": "A=1"}}' '{"config": {"Cmd": [1]}}' '{"config": 1}' '{"config": {"User": 1}}' '{"architecture": 1}' \
  '{"author": 5}' '{"os": 1}' '{"architecture": ""}' '{"variant": []}' '{"config": {"Env": ["A"]}}' '{"config": {"Labels": {"a": 1}}}' '{"config": {"Volumes": []}}'; do
  echo "$bad" >bad.json
  fails_with "a bad config: $bad" '^error: build localhost/x:latest: config: ' build --from=os --config=bad.json x
done
echo '{"config": {"Labels": []}}' >bad.json
fails_with "a setting on what is something else" 'config: config.Labels: not an object' build --from=os --config=bad.json -l a=b x
fails_with "a commit of documents" "build localhost/x:latest: commit .*: holds an image's documents" build --from=image/localhost/app_3A_latest x
mkdir opaque
if [ "$(id -u)" = 0 ] && setfattr -n trusted.overlay.opaque -v y opaque 2>/dev/null; then
  commit 1 root opaque --retarget-whiteouts
  fails_with "an opaque root" 'its root is opaque' build --from=os,root x
  fails_with "an opaque root, squashed" 'its root is opaque' build --squash --from=os,root x
  u refs --delete root
fi
mkdir -p bad
printf 'content' >bad/.wh.x
commit 1 bad bad
fails_with "what would be a whiteout in a layer" 'would be a whiteout in a layer' build --from=bad x
is "nothing of these is there" "$(u refs | sort)" "$(printf '%s\nbad\n' "$before" | sort)"
is "nothing is left in tmp" "$(find "$R/tmp" -name '.underlay-*')" ""

# The base goes while its image is made.
mkdir noise
head -c 30000000 /dev/urandom >noise/noise
commit 1 noise noise
layer=$(u image show --json base | jq -r '.layers[0].id')
u image build --base=base --from=noise late >late.out 2>&1 3>&- &
builder=$!
until [ -n "$(find "$R/tmp" -name '.underlay-*')" ] || ! kill -0 $builder 2>/dev/null; do :; done
kill -STOP $builder
u refs --delete "image/layer/$layer"
kill -CONT $builder
nok "a base whose layer is removed meanwhile" wait $builder
is "is said so" "$(cat late.out)" "error: build localhost/late:latest: layer 1 of the base isn't there as a whole: import the base again"
"$UNDERLAY" init --repo=only --mode=bare-user-only
"$UNDERLAY" --repo=only commit -q -b os os >/dev/null
fails_with "a repository that keeps no owners" 'keeps no owners' "$UNDERLAY" --repo=only image build --from=os x
ok "the repository is sound" u fsck -q

done_testing
