# SPDX-License-Identifier: LGPL-2.1-or-later
# bare-split-xattrs: the peer reads that mode and does not write it, so its side is a bare repository
# that is converted by hand here: .file as in bare, the xattrs in .file-xattrs, named by their
# checksum, and a hardlink .file-xattrs-link of it beside each .file.
. "$(dirname "$0")/common.sh"
make_odd odd
init_both bare
peer commit -b odd --timestamp=$WHEN odd >/dev/null

convert ()
{
  "$OSTREE" init --repo=hand --mode=bare-split-xattrs
  cp -a peer.bare/refs/. hand/refs/
  python3 - peer.bare/objects hand/objects <<'PY'
import hashlib, os, shutil, stat, sys
sys.path.insert(0, os.environ["SRC"] + "/tests/lib")
import gvariant

def xattrs(path):
    names = sorted(os.listxattr(path, follow_symlinks=False), key=os.fsencode)
    return gvariant.encode("a(ayay)", [(os.fsencode(n) + b"\0", os.getxattr(path, n, follow_symlinks=False)) for n in names])

src, dst = sys.argv[1:]
for folder in os.listdir(src):
    os.makedirs(os.path.join(dst, folder), exist_ok=True)
    for name in os.listdir(os.path.join(src, folder)):
        s, d = os.path.join(src, folder, name), os.path.join(dst, folder, name)
        if not name.endswith(".file"):
            shutil.copy2(s, d)
            continue
        st = os.lstat(s)
        if stat.S_ISLNK(st.st_mode):
            os.symlink(os.readlink(s), d)
        else:
            shutil.copyfile(s, d)
        os.lchown(d, st.st_uid, st.st_gid)
        if not stat.S_ISLNK(st.st_mode):
            os.chmod(d, stat.S_IMODE(st.st_mode))
        data = xattrs(s)
        sha = hashlib.sha256(data).hexdigest()
        os.makedirs(os.path.join(dst, sha[:2]), exist_ok=True)
        x = os.path.join(dst, sha[:2], sha[2:] + ".file-xattrs")
        if not os.path.exists(x):
            with open(x, "wb") as f:
                f.write(data)
        os.link(x, d + "-xattrs-link")
PY
}
convert
ok "the peer takes the converted repository" "$OSTREE" --repo=hand fsck -q
is "the peer lists it" "$("$OSTREE" --repo=hand ls -R -C -X odd)" "$(peer ls -R -C -X odd)"
ok "we check it" "$UNDERLAY" --repo=hand fsck -q
is "we list it" "$("$UNDERLAY" --repo=hand ls -R -C -X odd)" "$(peer ls -R -C -X odd)"

# What we write is what was made by hand, object for object.
"$UNDERLAY" init --repo=ours --mode=bare-split-xattrs
is "the same commit" "$("$UNDERLAY" --repo=ours commit -b odd --timestamp=$WHEN odd)" "$(peer rev-parse odd)"
ok "the same objects" diff <(cd hand/objects && find . ! -type d | sort) <(cd ours/objects && find . ! -type d | sort)
kinds () { (cd "$1/objects" && find . ! -type d -printf '%P %y %s %U:%G %m\n' | grep "$2" | sort); }
is "of the same kind, owner, mode" "$(kinds ours '\.file ')" "$(kinds hand '\.file ')"
is "with the same sizes" "$(kinds ours 'file-xattrs' | cut -d' ' -f1-3)" "$(kinds hand 'file-xattrs' | cut -d' ' -f1-3)"
is "the peer lists ours" "$("$OSTREE" --repo=ours ls -R -C -X odd)" "$(peer ls -R -C -X odd)"
ok "the peer checks ours" "$OSTREE" --repo=ours fsck -q

for from in hand ours; do
  "$OSTREE" --repo=$from checkout odd "$from.by-peer"
  "$UNDERLAY" --repo=$from checkout -C odd "$from.by-us"
  same_tree "the same checkout of $from" "$from.by-peer" "$from.by-us"
  "$OSTREE" --repo=$from checkout -U odd "$from.user-by-peer"
  "$UNDERLAY" --repo=$from checkout -U -C odd "$from.user-by-us"
  same_tree "the same user checkout of $from" "$from.user-by-peer" "$from.user-by-us"
done

# The xattrs object is part of the content checksum.
x=$(find hand/objects -name '*.file-xattrs' -size +0 | sort | sed -n 1p)
printf 'trusted.q\0z\012\014' >"$x"
nok "we see a changed xattrs object" "$UNDERLAY" --repo=hand fsck -q
nok "so does the peer" "$OSTREE" --repo=hand fsck -q
f=$(find ours/objects -name '*.file-xattrs-link' | sort | sed -n 1p)
rm "$f"
nok "we see a missing link" "$UNDERLAY" --repo=ours fsck -q

done_testing
