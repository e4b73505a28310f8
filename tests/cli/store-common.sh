# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests of `image store`: container stores made by tests/image/make-store.

# layer NAME: NAME.tar and NAME.split.gz of directory NAME. What's in tar-split doesn't matter here.
layer ()
{
  tar -C "$1" -c --sort=name --owner=0 --group=0 --mtime=@0 . >"$1.tar"
  echo split | gzip -n >"$1.split.gz"
}

# of NAME...: make-store's words for these layers.
of () { local l; for l; do printf '%s %s.tar %s.split.gz ' "$l" "$l" "$l"; done; }

# id NAME [PARENT-ID]: the id of a layer.
id_of ()
{
  local diff
  diff=$(sha256sum <"$1.tar" | cut -d' ' -f1)
  if [ $# = 1 ]; then echo "$diff"; else printf '%s+%s' "$2" "$diff" | sha256sum | cut -d' ' -f1; fi
}

# The store `store` for all users: example.org/base:1, and example.org/app:1 with one layer more.
mkdir -p base/etc upper/etc
echo base >base/etc/base
echo upper >upper/etc/upper
layer base
layer upper
# shellcheck disable=SC2046
make_stores () { "$BUILD/tests/image/make-store" "$1" example.org/base:1 $(of base) && "$BUILD/tests/image/make-store" "$1" example.org/app:1 $(of base upper); }
make_stores store
base=$(id_of base)
upper=$(id_of upper "$base")

# image NAME: the id of the image that has this name.
image_of () { python3 -c 'import json,sys; print([i["id"] for i in json.load(open(sys.argv[1])) if sys.argv[2] in i["names"]][0])' store/overlay-images/images.json "$1"; }

# edit FILE CODE: change the document in FILE by Python, which calls it `d`.
edit () { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); exec(sys.argv[2]); json.dump(d,open(sys.argv[1],"w"))' "$1" "$2"; }

store () { "$UNDERLAY" image store "$@"; }
