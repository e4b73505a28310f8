#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# An image back to the registry that it came from: layers that we can't pack as they were, and which
# nobody kept, are there already.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd skopeo jq zstd
. "$SRC/tests/lib/registry.sh"

registry_start
u () { "$UNDERLAY" --repo=r "$@"; }
export_image () { timeout 60 "$UNDERLAY" --repo=r image export --tls-verify=false "$@"; }
push () { skopeo --insecure-policy copy -q --dest-tls-verify=false "$1" "docker://$at/$2"; }
manifest () { skopeo inspect --raw --tls-verify=false "docker://$at/$1"; }
digest_of () { echo "sha256:$(manifest "$1" | sha256sum | cut -d' ' -f1)"; }
layers_of () { manifest "$1" | jq -r '.layers[].digest'; }
uploads () { asked PATCH '/v2/.*/blobs/uploads/' | wc -l; }

u init --mode=bare-user
u config set image.keep-blobs false
mktar 1.tar pax 'd|etc|' 'f|etc/one|1' 'f|big||size=300000'
mktar 2.tar pax 'd|etc|' 'f|etc/.wh.one|' 'f|etc/two|2'
digest=$(mkimage layout v1 1.tar:gzips 2.tar:zstd)
push oci:layout:v1 team/app:1
u image import -q --insecure-policy --tls-verify=false --name=app "docker://$at/team/app:1"
fails_with "nothing packs its layers as they were" 'no way to pack the layer' u image export --exact app oci:out

before=$(uploads)
run export_image --exact app "docker://$at/team/app:tested"
is "another tag: nothing to say on standard error" "$status $err" "0 "
is "what it says" "$out" "localhost/app:latest: $digest, 2 layers (0 bytes written)"
is "the same digest" "$(digest_of team/app:tested)" "$digest"
is "no blob was sent" "$(uploads)" "$before"
is "--json" "$(export_image --json app "docker://$at/team/app:tested" | jq -c '[.digest, .original_digest, .layers_changed, .bytes_written]')" "[\"$digest\",\"$digest\",0,0]"

# New layers on it: these alone are packed and sent.
mkdir -p one/etc two/etc three/etc
echo new >one/etc/new
echo newer >two/etc/newer
echo newest >three/etc/newest
for i in one two three; do u commit -q --branch="$i" "$i" --owner-uid=0 --owner-gid=0; done
u image build -q --base=app --from=one,two,three built
before=$(uploads)
run export_image --exact built "docker://$at/team/app:2"
is "built on it: nothing to say on standard error" "$status $err" "0 "
is "its lower layers are the same" "$(layers_of team/app:2 | head -n 2)" "$(layers_of team/app:1)"
is "three layers and a config were sent" "$(($(uploads) - before))" 4
u image import -q --insecure-policy --tls-verify=false --name=back "docker://$at/team/app:2"
is "it comes back as it went" "$(u image show --json back | jq -r .manifest)" "$(u image show --json built | jq -r .manifest)"

# Also where the number of new layers is another, and where layers that can't be made again are above.
for i in four five; do
  mkdir -p $i/etc
  echo $i >$i/etc/$i
  u commit -q --branch=$i $i --owner-uid=0 --owner-gid=0
done
u image build -q --base=app --from=four,five two
like "two new layers" "$(export_image --exact two "docker://$at/team/app:two")" ', 4 layers'
is "are four with the base's" "$(layers_of team/app:two | head -n 2)" "$(layers_of team/app:1)"
mktar 3.tar pax 'f|three|3'
mktar 4.tar pax 'f|four|4'
mixed=$(mkimage mixed v1 3.tar 4.tar 2.tar:zstd)
u image import -q --name=mixed oci:mixed:v1
is "the uppermost is there, those below aren't" "$(export_image --exact mixed "docker://$at/team/app:mixed" | cut -d, -f1)" "localhost/mixed:latest: $mixed"

# Where the registry lacks them. By another name, as skopeo has noted where it sent them (for all users of
# this machine), and asks for them there.
other=localhost:${at#*:}
run export_image app "docker://$other/elsewhere/app:1"
is "lacking all: goes out" "$status" 0
like "lacking all: says what changed" "$err" "^localhost/app:latest: the manifest's digest is sha256:[0-9a-f]{64}, not $digest as it was: 2 of 2 layers packed anew$"
fails_with "lacking all: --exact" '^error: export localhost/app:latest: docker: blob sha256:[0-9a-f]{64}: no way to pack the layer gives it again' export_image --exact app "docker://$other/third/app:1"
nok "--exact: nothing is there" manifest third/app:1
"$UNDERLAY" --repo=kept init --mode=bare-user
"$UNDERLAY" --repo=kept image import -q --name=app oci:layout:v1
is "lacking all, but they were kept" "$(timeout 60 "$UNDERLAY" --repo=kept image export --tls-verify=false --exact app "docker://$other/kept/app:1" | cut -d, -f1)" "localhost/app:latest: $digest"

# All of it can be made again, and nothing of it is there.
mkdir bin
cat >bin/skopeo <<E
#!/bin/sh
echo "\$1" >>$T/tries
exec $(type -P skopeo) "\$@"
E
chmod +x bin/skopeo
digest=$(mkimage plain v1 1.tar 2.tar:none 1.tar)
u image import -q --name=plain oci:plain:v1
is "layers that can be packed as they were, one of them twice" "$(PATH=$T/bin:$PATH export_image --exact plain "docker://$other/new/plain:1" | cut -d, -f1)" "localhost/plain:latest: $digest"
is "are as they were" "$(digest_of new/plain:1)" "$digest"
is "at the second try" "$(wc -l <tries)" 2
mkimage half v1 4.tar 2.tar:gzips 3.tar 2.tar:gzips >/dev/null
u image import -q --name=half oci:half:v1
: >tries
run env PATH="$T/bin:$PATH" "$UNDERLAY" --repo=r image export --tls-verify=false half "docker://$other/new/half:1"
like "one layer of three can't be packed so, which is there twice" "$err" ': 2 of 4 layers packed anew$'
is "which the second try says, and the third has another" "$(wc -l <tries)" 3
is "the others stay" "$(layers_of new/half:1 | sed -n '1p;3p')" "$(jq -r '.layers[0,2].digest' "half/blobs/sha256/$(jq -r '.manifests[0].digest' half/index.json | cut -d: -f2)")"
cat >bin/skopeo <<E
#!/bin/sh
$(type -P skopeo) "\$@" 2>words
status=\$?
sed 's/no such file or directory/gone/' words >&2
exit \$status
E
ok "skopeo may say it in other words" env PATH="$T/bin:$PATH" "$UNDERLAY" --repo=r image export -q --tls-verify=false plain "docker://$other/newer/plain:1"
fails_with "no such registry: says so once" '^error: export localhost/app:latest: docker: skopeo: .*connection refused' export_image app docker://127.0.0.1:1/app:1
is "nothing is left in tmp" "$(find r/tmp -name '.underlay-*')" ""

done_testing
