#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image diff: layers, config key by key, files as a container sees them (against umoci), JSON, --stat.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$T/r" "$@"; }
# difference [OPTION...] A B
difference () { u image diff "$@"; }
plain () { sed 's/\xc2\xa0/ /g'; }
get () { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
sum () { sha256sum "$@" | cut -d' ' -f1; }
# import NAME LAYER...: an image of these tars, uncompressed
import ()
{
  local name=$1
  shift
  mkimage layout "$name" "${@/%/:none}" >>log
  u image import -q --name="$name" "oci:layout:$name"
}

# config NAME JSON: another image with the layers of NAME, called config, whose config is that and its layers.
config ()
{
  python3 - "$@" <<'P'
import hashlib, json, sys
name, text = sys.argv[1:]
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open("layout/blobs/sha256/" + digest, "wb").write(data)
    return "sha256:" + digest, len(data)
index = json.load(open("layout/index.json"))
ref = "org.opencontainers.image.ref.name"
entry = dict(next(m for m in index["manifests"] if m["annotations"][ref] == name))
manifest = json.load(open("layout/blobs/sha256/" + entry["digest"][7:]))
config = json.loads(text)
config["rootfs"] = json.load(open("layout/blobs/sha256/" + manifest["config"]["digest"][7:]))["rootfs"]
manifest["config"]["digest"], manifest["config"]["size"] = put(json.dumps(config).encode())
entry["digest"], entry["size"] = put(json.dumps(manifest).encode())
entry["annotations"] = {ref: "config"}
index["manifests"] = [m for m in index["manifests"] if m["annotations"] != entry["annotations"]] + [entry]
json.dump(index, open("layout/index.json", "w"))
P
  u image import -q --name=config oci:layout:config
}

"$UNDERLAY" init --repo=r --mode=bare-user
mktar base.tar pax 'd|.|' 'd|etc|' 'f|etc/same|same' 'f|etc/gone|12345' 'f|etc/mode|m' 'f|etc/kept|kept' 'd|old|' 'd|old/sub|' \
  'f|old/sub/x|123' 'f|old/y|y' 'd|opaque|' 'f|opaque/below|below' 'd|tree|' 'f|tree/a|a' 'd|tree/deep|' 'f|tree/deep/f|f' \
  'f|file-to-dir|1' 'd|dir-to-file|' 'f|dir-to-file/in|in' 'l|link|here' 'd|meta|' 'f|twice|one'
mktar upper.tar pax 'd|etc|' 'f|etc/.wh.gone|' 'f|etc/mode|m|mode=4755' 'f|.wh.old|' 'd|opaque||mode=755' 'f|opaque/.wh..wh..opq|' \
  'f|opaque/above|above' 'd|file-to-dir|' 'f|file-to-dir/new|new' 'f|dir-to-file|file' 'l|link|there' 'd|meta||uid=7' 'f|twice|two' 'f|new|1234567'
mktar top.tar pax 'd|etc|' 'f|etc/gone|back' 'f|twice|three' 'd|opaque|' 'f|opaque/top|top' 'f|.wh.new|'
mktar other.tar pax 'd|etc|' 'f|etc/other|other'

import a base.tar
import b base.tar upper.tar
import c base.tar upper.tar top.tar
import d base.tar other.tar top.tar
lower=$(sum base.tar)
upper=$(printf '%s+%s' "$lower" "$(sum upper.tar)" | sum)
size_of () { python3 -c "print('%.1f kB' % ($(stat -c %s "$1") / 1000))"; }

# --- files

is "files: what is gone, hidden, made again, another type, of another owner" "$(difference --files a b)" 'M    /file-to-dir
M    /link
M    /twice
M    /dir-to-file
M    /etc/mode
M    /meta
D    /etc/gone
D    /old
D    /opaque/below
A    /file-to-dir/new
A    /opaque/above
A    /new'
is "files: back to front" "$(difference --files b a)" 'M    /dir-to-file
M    /link
M    /twice
M    /etc/mode
M    /file-to-dir
M    /meta
D    /new
D    /opaque/above
A    /dir-to-file/in
A    /etc/gone
A    /opaque/below
A    /old
A    /old/y
A    /old/sub
A    /old/sub/x'
is "files: a third layer" "$(difference --files b c)" 'M    /twice
D    /new
A    /etc/gone
A    /opaque/top'
is "files: none" "$(difference --files c c)" ""
mktar flat.tar pax 'd|.|' 'd|etc|' 'f|etc/same|same' 'f|etc/mode|m|mode=4755' 'f|etc/kept|kept' 'd|tree|' 'f|tree/a|a' 'd|tree/deep|' 'f|tree/deep/f|f' \
  'd|file-to-dir|' 'f|file-to-dir/new|new' 'f|dir-to-file|file' 'l|link|there' 'd|meta||uid=7' 'f|etc/gone|back' 'f|twice|three' 'd|opaque|' \
  'f|opaque/above|above' 'f|opaque/top|top'
import flat flat.tar
is "files: of other layers, the same to a container" "$(difference --files flat c)" ""
mktar root.tar pax 'd|.||mode=700'
import root base.tar root.tar
is "the root itself" "$(difference --files a root)" 'M    /'
mkimage layout none >>log
u image import -q --name=none oci:layout:none
is "an image without layers" "$(difference --files none root | head -3)" 'M    /
A    /file-to-dir
A    /link'

# truth NAME NAME: the same lines, sorted, of what umoci unpacks
truth ()
{
  local name
  for name; do
    [ -d "unpacked-$name" ] || umoci unpack --image "layout:$name" "unpacked-$name" >>log 2>&1
  done
  python3 - "unpacked-$1/rootfs" "unpacked-$2/rootfs" <<'P'
import os, stat, sys
def look(top):
    found = {}
    for path, dirs, files in os.walk(top):
        for name in ["."] * (path == top) + dirs + files:
            full = os.path.normpath(path + "/" + name)
            st = os.lstat(full)
            what = (os.readlink(full) if stat.S_ISLNK(st.st_mode) else open(full, "rb").read() if stat.S_ISREG(st.st_mode) else None)
            found["/" + os.path.relpath(full, top).replace(".", "", full == top)] = (
                st.st_mode, st.st_uid, st.st_gid, what, sorted((x, os.getxattr(full, x, follow_symlinks=False)) for x in os.listxattr(full, follow_symlinks=False)))
    return found
a, b = (look(top) for top in sys.argv[1:])
is_dir = lambda tree, path: path in tree and stat.S_ISDIR(tree[path][0])
lines = ["M    " + path for path in a if path in b and a[path] != b[path]] + ["A    " + path for path in b if path not in a]
lines += ["D    " + path for path in a if path not in b and is_dir(b, os.path.dirname(path))]
print("\n".join(sorted(lines)))
P
}

# random SEED NAME: an image of up to 4 layers; the lowest two are the seed's alone
random ()
{
  python3 - "$@" <<'P'
import io, random, sys, tarfile
seed, name = sys.argv[1:]
below = {}
for n in range(4):
    rnd = random.Random(f"{seed} {n}" if n < 2 else f"{seed} {n} {name}")
    tar = tarfile.open(f"random-{name}-{n}.tar", "w", format=tarfile.PAX_FORMAT)
    def add(path, kind, mode, data=b""):
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.size = kind, mode, len(data)
        if rnd.random() < 0.1 and kind == tarfile.REGTYPE:
            info.pax_headers["SCHILY.xattr.user.x"] = rnd.choice("ab")
        tar.addfile(info, io.BytesIO(data))
    def fill(path, known, depth):
        """What is there is known: {name: None for a file, or a directory}."""
        add(path or ".", tarfile.DIRTYPE, rnd.choice((0o755, 0o755, 0o711)))
        prefix = path + "/" if path else ""
        if n and path and rnd.random() < 0.15:
            add(prefix + ".wh..wh..opq", tarfile.REGTYPE, 0)
            known.clear()
        names = list("abcdef")
        rnd.shuffle(names)
        for child in names[:4]:
            what = rnd.random()
            if what < 0.2 and child in known:
                add(prefix + ".wh." + child, tarfile.REGTYPE, 0)
                del known[child]
            elif what < 0.5:
                add(prefix + child, tarfile.REGTYPE, 0o644, b"data" * rnd.randrange(3))
                known[child] = None
            elif what < 0.9 and depth < 3:
                if known.get(child) is None:
                    known[child] = {}
                fill(prefix + child, known[child], depth + 1)
    fill("", below, 0)
    tar.close()
P
  import "$2" random-"$2"-{0,1,2,3}.tar
}
if [ "$(id -u)" = 0 ] && command -v umoci >/dev/null; then
  for pair in 'a b' 'b a' 'b c' 'c d' 'flat c' 'a root'; do
    read -r first second <<<"$pair"
    is "files: $pair, as umoci unpacks them" "$(difference --files "$first" "$second" | sort)" "$(truth "$first" "$second")"
  done
  for seed in 1 2 3; do
    random $seed "x$seed"
    random $seed "y$seed"
    isnt "random images $seed: what differs" "$(difference --files "x$seed" "y$seed")" ""
    is "random images $seed: as umoci unpacks them" "$(difference --files "x$seed" "y$seed" | sort)" "$(truth "x$seed" "y$seed")"
  done
else
  skip "files, as umoci unpacks them" "not root, or no umoci"
fi

# --- layers

is "layers" "$(difference --layers a b | plain)" "=    ${lower:0:12}  $(size_of base.tar)
A    ${upper:0:12}  $(size_of upper.tar)"
is "layers: the same tar in another place" "$(difference --layers c d | sed 's/\(.\)[^,]*/\1/')" "=
D
D, the same tar in both images
A
A, the same tar in both images"
is "layers: the same" "$(difference --layers a a | cut -c1)" "="

# --- config

config b '{"architecture": "arm64", "os": "linux", "created": "2026-01-02T03:04:05Z", "config": {"Entrypoint": ["/init", "-x"],
  "Cmd": null, "Env": ["PATH=/bin", "EMPTY=", "NAKED", "A=1", "A=2=3"], "User": "7:7", "WorkingDir": "/srv", "ExposedPorts": {"80/tcp": {}},
  "Volumes": {"/data": {}}, "Labels": {"a.b": "x \"y\"\u001b[1m"}, "StopSignal": "SIGTERM"}, "history": [{"created_by": "x"}], "container": "1"}'
is "config: key by key" "$(difference --config b config)" 'M    architecture: "amd64" -> "arm64"
D    Cmd: ["/bin/sh"]
A    Entrypoint: ["/init","-x"]
A    Env A: "2=3"
A    Env EMPTY: ""
A    Env NAKED
A    Env PATH: "/bin"
A    ExposedPorts 80/tcp
A    Labels a.b: "x \"y\"\u001b[1m"
A    StopSignal: "SIGTERM"
A    User: "7:7"
A    Volumes /data
A    WorkingDir: "/srv"
A    created: "2026-01-02T03:04:05Z"'
is "config: back to front" "$(difference --config config b | grep -e arch -e Cmd -e 80)" 'M    architecture: "arm64" -> "amd64"
A    Cmd: ["/bin/sh"]
D    ExposedPorts 80/tcp'
is "config: the same" "$(difference --config a b)" ""
config b '{"config": {"Env": ["A=1", 7]}}'
is "config: what isn't as it should be" "$(difference --config b config | grep Env)" 'A    Env: ["A=1",7]'

# --- all, and how much

is "all parts" "$(difference b c | plain)" "Layers:
$(difference --layers b c | plain)

Files:
$(difference --files b c)"
is "two parts, one without a difference" "$(difference --files --config b c)" "Files:
$(difference --files b c)"
is "the config alone is another" "$(difference b config | plain)" "Layers:
$(difference --layers b config | plain)

Config:
$(difference --config b config)"
is "the same image" "$(difference b b | plain)" "Layers:
$(difference --layers b b | plain)"
is "--stat" "$(difference --stat a b | plain)" "Layers: 1 common ($(size_of base.tar)), 0 removed (0 bytes), 1 added ($(size_of upper.tar))
Config: 0 modified, 0 removed, 0 added
Files:  6 modified (5 bytes -> 8 bytes), 7 removed (16 bytes), 3 added (15 bytes)"
is "--stat of a part" "$(difference --stat --config none config)" "Config: 0 modified, 3 removed, 1 added"

# --- JSON

is "JSON: keys" "$(difference --json a b | get '",".join(d), ",".join(d["a"]), ",".join(d["layers"][0]), ",".join(d["files"][0])')" \
  "a,b,layers,config,stat,files name,id,manifest change,id,diff_id,size,elsewhere path,change,what,whiteout,old,new"
is "JSON: images" "$(difference --json a b | get '[d[k]["name"] for k in "ab"], d["b"]["manifest"][7:]')" \
  "['localhost/a:latest', 'localhost/b:latest'] $(u image show --manifest b | sum)"
is "JSON: layers" "$(difference --json a b | get '[list(l.values()) for l in d["layers"]]')" \
  "[[None, '$lower', 'sha256:$lower', $(stat -c %s base.tar), False], ['added', '$upper', 'sha256:$(sum upper.tar)', $(stat -c %s upper.tar), False]]"
is "JSON: config" "$(difference --json b config | get 'd["config"]')" \
  "[{'key': ['architecture'], 'change': 'removed', 'old': 'amd64', 'new': None}, {'key': ['config', 'Cmd'], 'change': 'removed', 'old': ['/bin/sh'], 'new': None}, {'key': ['config', 'Env'], 'change': 'added', 'old': None, 'new': ['A=1', 7]}, {'key': ['os'], 'change': 'removed', 'old': 'linux', 'new': None}]"
is "JSON: files" "$(difference --json a b | get '[(f["path"], f["change"], f["what"]) for f in d["files"] if f["path"] in ("/etc/mode", "/old/sub/x", "/new", "/meta", "/file-to-dir")]')" \
  "[('/file-to-dir', 'modified', ['type', 'mode']), ('/etc/mode', 'modified', ['mode']), ('/meta', 'modified', ['owner']), ('/old/sub/x', 'removed', None), ('/new', 'added', None)]"
is "JSON: opaque xattrs aren't seen" "$(difference --json none b | get '[f["new"]["xattrs"] for f in d["files"] if f["path"] == "/opaque"]')" "[[]]"
is "JSON: only files" "$(difference --json --files c c | get 'd["layers"], d["config"], d["stat"], d["files"]')" "None None None []"
is "JSON: no files" "$(difference --json --config --layers b c | get 'len(d["layers"]), d["config"], d["files"]')" "3 [] None"
is "JSON: --stat" "$(difference --json --stat a b | get 'd["stat"], d["files"]')" \
  "{'added': {'entries': 3, 'old_bytes': 0, 'new_bytes': 15}, 'removed': {'entries': 7, 'old_bytes': 16, 'new_bytes': 0}, 'modified': {'entries': 6, 'old_bytes': 5, 'new_bytes': 8}} None"

# --- errors

fails_with "one name" '^error: Exactly two names of images must be given$' difference a
fails_with "three names" '^error: Exactly two names of images must be given$' difference a b c
fails_with "no such image" '^error: image localhost/x:1: not there$' difference a x:1
fails_with "no name" "^error: Invalid image name 'X'" difference a X
# object PATH: the dirtree at PATH of the base
object () { u ls -C -d "image/layer/$lower" "$1" | awk '{ print "r/objects/" substr ($5, 1, 2) "/" substr ($5, 3) ".dirtree" }'; }
rm "$(object /tree)"
is "what is the same in both isn't read" "$(difference --files a b | wc -l)" 12
fails_with "a directory is missing" "^error: .*dirtree" difference none a
u refs --delete "image/layer/$upper"
fails_with "a layer is missing" "^error: image localhost/b:latest: layer $upper isn't there$" difference a b
is "its config is there" "$(difference --config a b)" ""

done_testing
