#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image remove: which layers go and which stay, what is refused, --unused, --dry-run, the lock.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo="$R" "$@"; }
remove () { u image remove "$@"; }
get () { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
sum () { sha256sum "$@" | cut -d' ' -f1; }

for l in a b c; do mktar $l.tar pax "f|$l|$l"; done
A=$(sum a.tar) B=$(sum b.tar) C=$(sum c.tar)
AB=$(printf '%s+%s' "$A" "$B" | sum)
AC=$(printf '%s+%s' "$A" "$C" | sum)
tag=0

# image NAME LAYER...
image ()
{
  tag=$((tag + 1))
  mkimage layout $tag "${@:2}" >digest
  u image import -q --name="$1" oci:layout:$tag
}

# fresh NAME: localhost/x:latest of a and b, y of a and c, z of a.
fresh ()
{
  R=$T/$1
  "$UNDERLAY" init --repo="$R" --mode=bare-user
  u config set image.keep-blobs false
  image x a.tar b.tar
  image y a.tar c.tar
  image z a.tar
}

# All refs, layers by letters.
letters () { sed "s/$AB/ab/; s/$AC/ac/; s/$A/a/; s/$B/b/; s/$C/c/"; }
refs () { u refs --list | letters | sed 's,^image/,,' | LC_ALL=C sort | paste -sd' '; }
all="layer/a layer/ab layer/ac localhost/x_3A_latest localhost/y_3A_latest localhost/z_3A_latest tar-split/a tar-split/b tar-split/c"

fresh one
is "before" "$(refs)" "$all"
is "one: what it says" "$(remove x | letters)" "image localhost/x:latest
layer ab
tar-split b
'underlay prune --refs-only' frees their space"
is "one: what is left" "$(refs)" "layer/a layer/ac localhost/y_3A_latest localhost/z_3A_latest tar-split/a tar-split/c"
ok "one: the others are whole" u image list
fails_with "one: again" '^error: Removing images: image localhost/x:latest: not there$' remove x
is "all of it is below others: only the image goes" "$(remove z | letters | head -n 2)" "image localhost/z:latest
'underlay prune --refs-only' frees their space"
is "-q" "$(remove -q y)" ""
is "the last one: nothing is left" "$(refs)" ""
u prune --refs-only >prune.log
is "nor of objects" "$(find "$R/objects" -type f | wc -l)" 0

fresh two
is "two, and one twice" "$(remove x localhost/y x:latest | letters)" "image localhost/x:latest
image localhost/y:latest
layer ab
layer ac
tar-split b
tar-split c
'underlay prune --refs-only' frees their space"
is "two: what is left" "$(refs)" "layer/a localhost/z_3A_latest tar-split/a"

fresh shared-tar
image w b.tar
remove -q x
is "a tar elsewhere keeps its tar-split" "$(refs)" \
  "layer/a layer/ac layer/b localhost/w_3A_latest localhost/y_3A_latest localhost/z_3A_latest tar-split/a tar-split/b tar-split/c"

fresh refused
fails_with "an unknown name among others" 'localhost/nope:latest: not there$' remove x nope
fails_with "what is no name" '^error: Invalid image name ' remove x X
fails_with "no name" 'At least one NAME or --unused' remove
is "nothing is removed" "$(refs)" "$all"

# Aliases.
u refs --create=latest --alias image/localhost/x_3A_latest
fails_with "an alias" "Ref 'image/localhost/x_3A_latest' has an active alias: 'latest'" remove x
is "an alias: nothing is removed" "$(refs)" "latest $all"
u refs --delete latest
u refs --create=base --alias "image/layer/$AB"
fails_with "an alias of a layer" "Ref 'image/layer/$AB' has an active alias: 'base'" remove x
is "an alias of a layer: nothing is removed" "$(refs)" "base $all"
u refs --delete base
u refs --create=image/localhost/v_3A_1 --alias image/localhost/x_3A_latest
u refs --create=image/localhost/w_3A_1 --alias image/localhost/v_3A_1
fails_with "an image that is an alias" 'active alias' remove x
is "alone it goes, the layers stay" "$(remove w:1; refs)" "image localhost/w:1
'underlay prune --refs-only' frees their space
${all/localhost/localhost\/v_3A_1 localhost}"
u refs --create=image/localhost/w_3A_1 --alias image/localhost/v_3A_1
is "together: aliases first" "$(remove x v:1 w:1 | grep ^image)" "image localhost/w:1
image localhost/v:1
image localhost/x:latest"
is "together: what is left" "$(refs)" "layer/a layer/ac localhost/y_3A_latest localhost/z_3A_latest tar-split/a tar-split/c"

# Damage.
fresh damage
echo garbage >"$R/refs/heads/image/localhost/y_3A_latest"
fails_with "another image can't be read" \
  "^error: Removing images: which layers other images need isn't known: image localhost/y:latest: reading ref .*: it holds no checksum$" remove x
is "nothing is removed" "$(u image list --names | wc -l)" 3
like "it can be removed itself" "$(remove y)" $'^image localhost/y:latest\nlocalhost/y:latest can.t be read: .*--unused'
is "its layers stay" "$(refs)" "layer/a layer/ab layer/ac localhost/x_3A_latest localhost/z_3A_latest tar-split/a tar-split/b tar-split/c"
is "JSON: unread" "$(echo garbage >"$R/refs/heads/image/localhost/y_3A_latest"; remove --json y | get 'd["unread"]')" "['localhost/y:latest']"
is "--unused takes them" "$(remove --unused | letters)" "layer ac
tar-split c
'underlay prune --refs-only' frees their space"
u refs --delete "image/layer/$A"
ok "a layer that is missing doesn't matter" remove x
is "a missing layer: what is left" "$(refs)" "localhost/z_3A_latest tar-split/a"

# --unused.
fresh unused
is "--unused: nothing" "$(remove --unused)" "Nothing to remove"
is "--unused: all is there" "$(refs)" "$all"
u refs --delete image/localhost/x_3A_latest image/localhost/y_3A_latest
for ref in image/layer/mine "image/layer/$A.d" image/tar-split/x image/layerx; do u refs --create=$ref "image/layer/$A"; done
echo garbage >"$R/refs/heads/image/tar-split/$B"
is "--unused" "$(remove --unused | letters | LC_ALL=C sort)" "'underlay prune --refs-only' frees their space
layer ab
layer ac
tar-split b
tar-split c"
is "--unused: other refs stay" "$(refs)" "layer/a layer/a.d layer/mine layerx localhost/z_3A_latest tar-split/a tar-split/x"
fresh replaced
image x a.tar
is "--unused: a replaced image" "$(remove --unused | letters)" "layer ab
tar-split b
'underlay prune --refs-only' frees their space"
fresh unused-too
u refs --delete image/localhost/x_3A_latest
is "an image and what is unused" "$(remove y --unused | letters | head -n -1 | paste -sd' ')" \
  "image localhost/y:latest layer ac layer ab tar-split c tar-split b"

# Kept blobs go with the last image that has them.
fresh blobs
mkimage kept v1 a.tar c.tar >/dev/null
u image import -q --keep-blobs --name=kept oci:kept:v1
u image import -q --keep-blobs --name=also oci:kept:v1
u image remove -q --unused x y z
is "blobs are kept" "$(u refs | grep -c '^image/blob/')" 2
remove -q kept
is "as long as an image has them" "$(u refs | grep -c '^image/blob/')" 2
is "and go with the last one" "$(remove also | grep -c '^blob [0-9a-f]*$') $(u refs)" "2 "

# --dry-run.
fresh dry
is "--dry-run: what it says" "$(remove --dry-run x | letters)" "image localhost/x:latest
layer ab
tar-split b
Nothing was removed (--dry-run)"
is "--dry-run: all is there" "$(refs)" "$all"
fails_with "--dry-run: the same errors" 'not there$' remove --dry-run nope
is "--dry-run: JSON" "$(remove --dry-run --json x | letters | get '",".join(d), d')" \
  "dry_run,images,layers,tar_splits,blobs,unread {'dry_run': True, 'images': ['localhost/x:latest'], 'layers': ['ab'], 'tar_splits': ['b'], 'blobs': [], 'unread': []}"
is "JSON" "$(remove --json x | letters | get 'list(d.values())')" "[False, ['localhost/x:latest'], ['ab'], ['b'], [], []]"

# The lock that an import holds.
cp "$SRC/tests/lib/hold-lock" .
coproc HOLD { exec ./hold-lock "$R/.lock" shared 2>/dev/null; }
holder=$HOLD_PID
read -r _ <&"${HOLD[0]}"
fails_with "beside a writer" '^error: Removing images: Locking repo .* exclusive: held by process ' remove --lock-timeout=0 y
ok "beside a writer: --dry-run" remove --lock-timeout=0 --dry-run y
ok "beside a writer: list" u image list y
# shellcheck disable=SC1083,SC2093
exec {HOLD[1]}>&-
wait "$holder" || true
ok "alone" remove --lock-timeout=0 y

# The parent's images are its own.
fresh parent
"$UNDERLAY" init --repo=child --mode=bare-user
"$UNDERLAY" --repo=child config set core.parent "$R"
fails_with "an image of the parent" 'localhost/x:latest: not there$' "$UNDERLAY" --repo=child image remove x

done_testing
