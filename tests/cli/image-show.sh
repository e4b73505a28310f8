#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image show: what it says of an image and its layers, the documents byte for byte, JSON.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 zstd

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
show () { u image show "$@"; }
plain () { sed 's/\xc2\xa0/ /g'; }
get () { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
sum () { sha256sum "$@" | cut -d' ' -f1; }
kb () { python3 -c "print('%.1f kB' % ($1 / 1000))"; }

# What the manifest of the layout's image has, by a path into it.
of_manifest () { python3 -c "import json; m = json.load(open('layout/blobs/sha256/$digest')); print($1)"; }

"$UNDERLAY" init --repo=r --mode=bare-user
mktar a.tar pax 'd|etc|' 'f|etc/a|a'
mktar b.tar pax 'f|etc/b|b'
mktar c.tar pax 'f|etc/c|c'
digest=$(mkimage layout 1700000000 a.tar:zstd b.tar:none | cut -d: -f2)
u image import -q --name=q.example/x:1 oci:layout:1700000000
config=$(of_manifest 'm["config"]["digest"][7:]')
mkimage other v1 a.tar c.tar >out.log
u image import -q --name=other oci:other:v1
u image import -q --name=another oci:other:v1

a=$(sum a.tar)
b=$(printf '%s+%s' "$a" "$(sum b.tar)" | sum)
size=$(stat -c %s a.tar)
is "an image" "$(show q.example/x:1 | plain)" "Name:        q.example/x:1
ID:          sha256:$config
Manifest:    sha256:$digest
Media type:  application/vnd.oci.image.manifest.v1+json
Platform:    linux/amd64
Created:     2023-11-14 22:13:20 +0000
Size:        $(kb $((2 * size)))
Layers:      2

Layer ${a:0:12}
  Diff ID:     sha256:$a, $(kb "$size")
  Blob:        sha256:$(of_manifest 'm["layers"][0]["digest"][7:]'), $(of_manifest 'm["layers"][0]["size"]') bytes, packing zstd
  Shared with: localhost/another:latest
  Shared with: localhost/other:latest

Layer ${b:0:12}
  Diff ID:     sha256:$(sum b.tar), $(kb "$size")
  Blob:        sha256:$(sum b.tar), $(kb "$size"), packing none"
like "a short name; a time that isn't said" "$(show other)" $'^Name:        localhost/other:latest\n.*\nCreated:     -\n'

# The documents.
show --manifest q.example/x:1 >out
ok "--manifest" cmp out "layout/blobs/sha256/$digest"
show --config q.example/x:1 >out
ok "--config" cmp out "layout/blobs/sha256/$config"
fails_with "--index of an image that came out of none" '^error: image q.example/x:1: it has no index$' show --index q.example/x:1
mkdir tree && cp "layout/blobs/sha256/$digest" tree/manifest && cp "layout/blobs/sha256/$config" tree/config
printf 'an index, \0 whatever\n' >tree/index
# indexed MEDIA-TYPE: an image that came out of an index, with this type.
indexed ()
{
  u commit -b image/localhost/indexed_3A_1 --orphan --canonical-permissions --add-metadata-string=underlay.image.name=localhost/indexed:1 \
    --add-metadata-string="underlay.image.media-type=$1" --add-metadata=underlay.image.layers="['$a', '$b']" tree >out.log
}
indexed $'a\e[1mtype'
fails_with "nothing changes the terminal" 'mediaType: .*, expected a\\x1b\[1mtype$' show indexed:1
indexed application/vnd.oci.image.manifest.v1+json
show --index indexed:1 >out
ok "--index" cmp out tree/index
for pair in '--manifest --config' '--config --index' '--json --manifest'; do
  read -r -a words <<<"$pair"
  fails_with "$pair" 'exclude each other' show "${words[@]}" q.example/x:1
done

# JSON.
is "JSON: keys" "$(show --json other | get '",".join(d)')" \
  "name,id,manifest,platform,size,timestamp,created,commit,media_type,has_index,layers,history"
is "JSON: of a layer" "$(show --json other | get '",".join(d["layers"][1])')" \
  "id,commit,diff_id,size,blob,blob_size,media_type,packing,shared_with,created_by"
is "JSON: the image" "$(show --json q.example/x:1 | get '[d[k] for k in ("name", "id", "size", "commit", "has_index", "history")]')" \
  "['q.example/x:1', 'sha256:$config', $((2 * size)), '$(u rev-parse image/q.example/x_3A_1)', False, []]"
is "JSON: a layer" "$(show --json q.example/x:1 | get '[d["layers"][1][k] for k in ("id", "commit", "diff_id", "size", "blob_size", "packing", "created_by")]')" \
  "['$b', '$(u rev-parse "image/layer/$b")', 'sha256:$(sum b.tar)', $size, $size, 'none', None]"
is "JSON: who shares it" "$(show --json q.example/x:1 | get '[l["shared_with"] for l in d["layers"]]')" \
  "[['localhost/another:latest', 'localhost/indexed:1', 'localhost/other:latest'], ['localhost/indexed:1']]"
is "JSON: an index" "$(show --json indexed:1 | get 'd["has_index"]')" True

# history LAYOUT JSON: the config of its only image gets this history; prints nothing.
history ()
{
  python3 - "$@" <<'P'
import hashlib, json, sys
layout, history = sys.argv[1:]
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open(f"{layout}/blobs/sha256/{digest}", "wb").write(data)
    return "sha256:" + digest, len(data)
index = json.load(open(layout + "/index.json"))
entry = index["manifests"][0]
manifest = json.load(open(f"{layout}/blobs/sha256/{entry['digest'][7:]}"))
config = json.load(open(f"{layout}/blobs/sha256/{manifest['config']['digest'][7:]}"))
config["history"] = json.loads(history)
manifest["config"]["digest"], manifest["config"]["size"] = put(json.dumps(config).encode())
entry["digest"], entry["size"] = put(json.dumps(manifest).encode())
json.dump(index, open(layout + "/index.json", "w"))
P
}
history other '[{"created_by": "one"}, {"created_by": "ENV x", "empty_layer": true}, {"created_by": "two\n\u001b[1m", "created": "2023-11-14T22:13:20Z"}, {"comment": "last", "empty_layer": true}]'
u image import -q --name=other oci:other:v1
is "the history of layers, past what has none" "$(show other | grep 'Created by')" '  Created by:  one
  Created by:  two\n\x1b[1m'
is "JSON: the history" "$(show --json other | get '[list(h.values()) for h in d["history"]]')" \
  "[['one', None, None, True], ['ENV x', None, None, False], ['two\\n\\x1b[1m', None, 1700000000, True], [None, 'last', None, False]]"
is "JSON: of a layer" "$(show --json other | get '[l["created_by"][:3] for l in d["layers"]]')" "['one', 'two']"
history other '[{"created_by": "one"}]'
u image import -q --name=other oci:other:v1
is "a history that doesn't fit" "$(show other | grep -c 'Created by' || true)" 0
is "JSON: a history that doesn't fit" "$(show --json other | get '[l["created_by"] for l in d["layers"]], d["history"][0]["created_by"]')" \
  "[None, None] one"

# What isn't there.
fails_with "no such image" '^error: image localhost/x:1: not there$' show x:1
fails_with "no name" 'Exactly one NAME' show
fails_with "two names" 'Exactly one NAME' show other another
fails_with "what is no name" "^error: Invalid image name 'X': " show X
u refs --delete "image/layer/$b"
fails_with "a layer is missing" "^error: image q.example/x:1: layer $b isn't there$" show q.example/x:1
show --config q.example/x:1 >out
ok "its documents are there" cmp out "layout/blobs/sha256/$config"
echo garbage >r/refs/heads/image/localhost/another_3A_latest
is "others that can't be read are left out" "$(show other | grep 'Shared' | sort -u)" "  Shared with: localhost/indexed:1
  Shared with: q.example/x:1"

# Of the parent.
"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" --repo=child config set core.parent "$T/r"
like "an image of the parent" "$("$UNDERLAY" --repo=child image show other)" '^Name:        localhost/other:latest'

done_testing
