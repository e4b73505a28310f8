#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images from a registry, through skopeo: a real registry on loopback.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd skopeo python3 jq
. "$SRC/tests/lib/registry.sh"

registry_start
port=${at#*:}

u () { "$UNDERLAY" --repo=r "$@"; }
import () { timeout 60 "$UNDERLAY" --repo=r image import --insecure-policy --tls-verify=false "$@"; }
push () { skopeo --insecure-policy copy -q --dest-tls-verify=false "${@:3}" "$1" "docker://$at/$2"; }
u init --mode=bare-user
mktar 1.tar pax 'd|etc|' 'f|etc/one|1' 'f|big||size=3000000'
mktar 2.tar pax 'd|etc|' 'f|etc/.wh.one|' 'f|etc/two|2'
mktar 3.tar pax 'f|three|3'
digest=$(mkimage layout v1 1.tar 2.tar)
cp -r layout layout-signed
mkimage layout v2 1.tar 3.tar:zstd >/dev/null
push oci:layout:v1 team/app:1

like "import" "$(import "docker://$at/team/app:1")" "^$at/team/app:1: 2 layers, 2 new"
ref=image/127.0.0.1_3A_$port/team/app_3A_1
is "the manifest is the registry's, byte for byte" "sha256:$(u cat "$ref" /manifest | sha256sum | cut -d' ' -f1)" "$digest"
u image import -q --name=local oci:layout:v1
is "the layers are the same as from the layout" "$(u image show --json local | grep '"commit"' | tail -n +2)" "$(u image show --json "$at/team/app:1" | grep '"commit"' | tail -n +2)"
like "again: nothing is fetched" "$(import "docker://$at/team/app:1")" '2 layers, 0 new .*, unchanged$'
like "by digest" "$(import "docker://$at/team/app@$digest")" "^$at/team/app@$digest: 2 layers, 0 new"
push oci:layout:v2 team/app
like "no tag is latest; only what is new is fetched" "$(import "docker://$at/team/app")" "^$at/team/app:latest: 2 layers, 1 new"
is "its name in the repository" "$(u image list --names | grep -c "^$at/team/app:latest$")" 1

# An index: the image for the platform, and the index kept.
python3 - "$digest" <<'E'
import hashlib, json, os, sys
entry = [m for m in json.load(open("layout/index.json"))["manifests"]][0]
entry.pop("annotations")
other = dict(entry, platform={"os": "linux", "architecture": "s390x"})
entry["platform"] = {"os": "linux", "architecture": "amd64"}
data = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [other, entry]}).encode()
d = hashlib.sha256(data).hexdigest()
open("layout/blobs/sha256/" + d, "wb").write(data)
json.dump({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + d, "size": len(data)}]},
          open("layout/index.json", "w"))
E
push oci:layout team/multi:1 --all
like "of an index the one for the platform" "$(import --platform=linux/amd64 "docker://$at/team/multi:1")" '2 layers, 0 new'
is "the index is kept" "$(u image show --index "$at/team/multi:1" | cmp - "$(grep -l manifests layout/blobs/sha256/*)" && echo same)" same
fails_with "no such platform" '^error: import docker:.*linux/arm' import --platform=linux/arm "docker://$at/team/multi:1"

# Out again.
export_image () { timeout 60 "$UNDERLAY" --repo=r image export --tls-verify=false "$@"; }
like "to a registry" "$(export_image --exact local "docker://$at/out/app:1")" "^localhost/local:latest: $digest, 2 layers \\(.* written\\)\$"
is "the digest is the same there" "$(skopeo inspect --tls-verify=false "docker://$at/out/app:1" | jq -r .Digest)" "$digest"
like "it comes back" "$(import --name=local "docker://$at/out/app:1")" '2 layers, 0 new .*, unchanged$'
export_image -q --exact local "docker://$at/out/app"
is "no tag is latest" "$(skopeo inspect --tls-verify=false "docker://$at/out/app:latest" | jq -r .Digest)" "$digest"
skopeo --insecure-policy --override-arch=amd64 copy -q oci:layout docker-archive:docker.tar:team/docker:1
u image import -q --name=docker docker-archive:docker.tar
docker=$(u image show --json docker | jq -r .manifest)
ok "a manifest of Docker's stays one" export_image -q --exact docker "docker://$at/out/docker:1"
is "with its digest" "$(skopeo inspect --tls-verify=false "docker://$at/out/docker:1" | jq -r .Digest)" "$docker"
is "nothing is left in tmp" "$(find r/tmp -name '.underlay-*')" ""
fails_with "no such registry" '^error: export localhost/local:latest: docker: skopeo: ' export_image local docker://127.0.0.1:1/app:1
fails_with "HTTP isn't taken for HTTPS when it goes out" '^error: export .*: docker: skopeo: .*HTTP' timeout 60 "$UNDERLAY" --repo=r image export local "docker://$at/out/app:1"
fails_with "no name there" '^error: export .*: docker: no path$' export_image local docker://

# Wrong.
fails_with "no such tag" '^error: import docker:.*: skopeo: .*manifest' import "docker://$at/team/app:nix"
fails_with "no such name" '^error: import docker:.*: skopeo: ' import "docker://$at/team/nix:1"
fails_with "HTTP isn't taken for HTTPS" '^error: import docker:.*: skopeo: .*HTTP' timeout 60 "$UNDERLAY" --repo=r image import --insecure-policy "docker://$at/team/app:1"
echo '{"default": [{"type": "reject"}]}' >reject.json
mkdir -p home/.config/containers
mv reject.json home/.config/containers/policy.json
by_policy () { env HOME="$T/home" GNUPGHOME="$T/gpg" timeout 60 "$UNDERLAY" --repo="$1" image import --tls-verify=false "${@:2}"; }
fails_with "a policy that rejects all" '^error: import docker:.*: skopeo: .*rejected by policy' by_policy r "docker://$at/team/app:1"
if [ -n "$(type -P gpg)" ]; then
  mkdir -m 700 gpg
  mkdir -p home/.config/containers/registries.d lookaside
  echo "default-docker: {sigstore: file://$T/lookaside, sigstore-staging: file://$T/lookaside}" >home/.config/containers/registries.d/default.yaml
  export GNUPGHOME=$T/gpg
  at_exit 'gpgconf --kill all'
  gpg -q --batch --passphrase '' --quick-gen-key signer@example.com default default 2>/dev/null
  gpg -q --armor --export signer@example.com >key
  policy () { printf '{"default": [{"type": "reject"}], "transports": {"docker": {"%s/%s": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "%s/key"}]}}}' "$at" "$1" "$T"; }
  policy signed >home/.config/containers/policy.json
  HOME=$T/home skopeo --insecure-policy copy -q --dest-tls-verify=false --sign-by signer@example.com oci:layout-signed:v1 "docker://$at/signed/app:1"
  "$UNDERLAY" --repo=signed init --mode=bare-user
  like "one that asks for a signature, which is there" "$(by_policy signed "docker://$at/signed/app:1")" "^$at/signed/app:1: 2 layers, 2 new"
  is "the manifest is the one that was signed" "$("$UNDERLAY" --repo=signed image show --json "$at/signed/app:1" | jq -r .manifest)" "$digest"
  is "the copy is gone" "$(find signed/tmp -name '.underlay-*')" ""
  policy team >home/.config/containers/policy.json
  fails_with "one that isn't there" '^error: import docker:.*: skopeo: .*signature' by_policy signed "docker://$at/team/app:1"
  fails_with "no rule for it" '^error: import docker:.*: skopeo: .*rejected by policy' by_policy signed "docker://$at/signed/app:1"
  like "--insecure-policy" "$(by_policy signed --insecure-policy "docker://$at/team/app:1")" '2 layers, 0 new'
else
  skip "signatures" "no gpg"
fi
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >home/.config/containers/policy.json
ok "one that accepts anything" env HOME="$T/home" timeout 60 "$UNDERLAY" --repo=r image import -q --tls-verify=false "docker://$at/team/app:1"
echo '{}' >home/.config/containers/policy.json
fails_with "one that is none" 'policy.json: default: ' env HOME="$T/home" timeout 60 "$UNDERLAY" --repo=r image import --tls-verify=false "docker://$at/team/app:1"
fails_with "--tls-verify" 'maybe' import --tls-verify=maybe "docker://$at/team/app:1"
fails_with "no skopeo" "^error: import docker:.*: the program skopeo, which speaks to registries, isn't installed$" env PATH=/nowhere "$UNDERLAY" --repo=r image import "docker://$at/team/app:1"

# A registry that gives something else.
blob=$(python3 -c 'import json; print(json.load(open("layout/blobs/sha256/'"${digest#sha256:}"'"))["layers"][1]["digest"][7:])')
file=$(find registry -path "*$blob/data")
"$UNDERLAY" --repo=other init --mode=bare-user
cp "$file" whole
printf X | dd of="$file" bs=1 seek=40 conv=notrunc status=none
fails_with "another blob than the manifest says" 'layer 2, ' timeout 60 "$UNDERLAY" --repo=other image import --insecure-policy --tls-verify=false "docker://$at/team/app:1"
is "nothing is there" "$("$UNDERLAY" --repo=other refs)" ""
head -c 20 whole >"$file"
fails_with "a blob that is cut off" 'layer 2, ' timeout 60 "$UNDERLAY" --repo=other image import --insecure-policy --tls-verify=false "docker://$at/team/app:1"
{ cat whole; head -c 1048576 /dev/zero; } >"$file"
fails_with "a blob that goes on" 'layer 2, ' timeout 60 "$UNDERLAY" --repo=other image import --insecure-policy --tls-verify=false "docker://$at/team/app:1"
ok "the repository is sound" u fsck -q

# One that says nothing more in the middle of a blob.
cat >stalls.py <<'E'
import http.server, sys, time
layout, digest = sys.argv[1:]


def blob(name):
    return open("%s/blobs/sha256/%s" % (layout, name.split(":")[1]), "rb").read()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, data, kind, stalls):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", kind)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(data[:20] if stalls else data)
        self.wfile.flush()
        if stalls:
            open("stalled-now", "w").close()
            time.sleep(60)

    def do_GET(self):
        parts = self.path.split("/")
        if "manifests" in parts:
            self.answer(blob(digest), "application/vnd.oci.image.manifest.v1+json", False)
        elif "blobs" in parts:
            data = blob(parts[-1])
            self.answer(data, "application/octet-stream", data[:1] != b"{")
        else:
            self.answer(b"{}", "application/json", False)

    do_HEAD = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
open("port", "w").write(str(server.server_port))
server.serve_forever()
E
python3 stalls.py layout "$digest" 3>&- &
stalls=$!
at_exit 'kill $stalls 2>/dev/null'
for ((i = 0; i < 100; i++)); do [ ! -s port ] || break; sleep 0.1; done
"$UNDERLAY" --repo=stalled init --mode=bare-user
"$UNDERLAY" --repo=stalled image import --insecure-policy --tls-verify=false "docker://127.0.0.1:$(cat port)/app:1" >out 2>&1 3>&- &
import=$!
for ((i = 0; i < 200; i++)); do [ ! -e stalled-now ] || break; sleep 0.1; done
ok "a blob stalls" test -e stalled-now
proxies=$(pgrep -P $import | tr '\n' ' ')
isnt "skopeo reads it" "$proxies" ""
kill -TERM $import
status=0
wait $import || status=$?
is "a signal ends it all the same" "$status" 143
is "nothing is left of it" "$(find stalled/tmp -mindepth 1 -name 'staging-*' ! -name '*-lock' | wc -l)" 0
for ((i = 0; i < 50; i++)); do
  # shellcheck disable=SC2086
  kill -0 $proxies 2>/dev/null || break
  sleep 0.1
done
# shellcheck disable=SC2086
nok "nor of skopeo" kill -0 $proxies

done_testing
