# SPDX-License-Identifier: LGPL-2.1-or-later
# Hostile and damaged repositories: one line that names the operation and the object, status 1, nothing
# written outside the target, and fsck sees it.
. "$(dirname "$0")/../lib/tap.sh"

cat >make.py <<'PY'
"""make.py REPO MODE CASE: a repository whose branch `x` has what CASE says, with checksums that fit.
Prints the checksum of the object that is bad."""
import hashlib, os, subprocess, sys, zlib
sys.path.insert(0, os.environ["SRC"] + "/tests/lib")
import gvariant as g

repo, mode, case = sys.argv[1:]
subprocess.run([os.environ["UNDERLAY"], "init", "--repo=" + repo, "--mode=" + mode], check=True)

def put(data, kind, name=None):
    digest = (name or hashlib.sha256(data)).hexdigest()
    folder = os.path.join(repo, "objects", digest[:2])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, digest[2:] + "." + kind), "wb") as f:
        f.write(data)
    return bytes.fromhex(digest)

def put_file(content=b"content", archive=None, **meta):
    name = hashlib.sha256(g.file_header(**meta) + content)
    if mode == "archive":
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        return put((archive or (lambda h, p: h + p))(g.archive_header(len(content), **meta), packed), "filez", name)
    digest = put(content, "file", name)
    path = os.path.join(repo, "objects", digest.hex()[:2], digest.hex()[2:] + ".file")
    os.chmod(path, meta.get("mode", 0o100644) & 0o7777)
    return digest

meta = put(g.dirmeta(), "dirmeta")
file = put_file()
empty = put(g.dirtree([], []), "dirtree")
bad = None
tree = None

def entries(files, dirs):
    return g.dirtree(sorted(files), sorted(dirs))

DIRTREES = {
    "dotdot": g.dirtree([], [("..", empty, meta)]),
    "dotdot-file": g.dirtree([("..", file)], []),
    "dot": g.dirtree([(".", file)], []),
    "slash": g.dirtree([("a/b", file)], []),
    "absolute": g.dirtree([("/planted", file)], []),
    "escape": g.dirtree([("../planted", file)], []),
    "no-name": g.dirtree([("", file)], []),
    "duplicate": g.dirtree([("a", file), ("a", file)], []),
    "unsorted": g.dirtree([("b", file), ("a", file)], []),
    "file-and-dir": g.dirtree([("a", file)], [("a", empty, meta)]),
    "name-of-256": g.dirtree([("n" * 256, file)], []),
    "not-utf8": g.dirtree([(b"\xff", file)], []),
    "short-checksum": g.dirtree([("a", b"\1" * 31)], []),
    "garbage": b"\xff" * 100,
    "trailing": g.dirtree([("a", file)], []) + b"\0",
    "nothing": b"",
    "a-dirmeta": g.dirmeta(),
}
FILES = {
    "device": dict(mode=0o020644),
    "directory": dict(mode=0o040755),
    "xattrs-twice": dict(xattrs=[(b"user.a\0", b"1"), (b"user.a\0", b"2")]),
    "xattr-no-name": dict(xattrs=[(b"\0", b"1")]),
    "symlink-no-target": dict(mode=0o120777),
}
ARCHIVES = {
    "header-too-big": lambda h, p: b"\xff\xff\xff\xff" + h[4:] + p,
    "header-cut": lambda h, p: h[:12],
    "packed-cut": lambda h, p: h + p[:-3],
    "packed-garbage": lambda h, p: h + b"\xff" * 20,
    "packed-trailing": lambda h, p: h + p + b"more",
    "empty-file": lambda h, p: b"",
    "size-too-big": lambda h, p: g.archive_header(10**15) + p,
    "size-too-small": lambda h, p: g.archive_header(1) + p,
}
if case in DIRTREES:
    bad = tree = put(DIRTREES[case], "dirtree")
elif case in FILES:
    bad = put_file(b"", **FILES[case])
elif case in ARCHIVES:
    bad = put_file(b"other content", archive=ARCHIVES[case])
elif case == "deep-dotdot":
    bad = put(g.dirtree([], [("..", empty, meta)]), "dirtree")
    tree = put(g.dirtree([], [("sub", bad, meta)]), "dirtree")
elif case == "dirmeta-mode":
    bad = put(g.dirmeta(mode=0o100644), "dirmeta")
    tree = put(g.dirtree([], [("sub", empty, bad)]), "dirtree")
elif case == "missing-file":
    bad = b"\7" * 32
elif case == "missing-dirtree":
    bad = tree = b"\7" * 32
elif case == "changed-file":
    bad = put(b"changed", "file", hashlib.sha256(g.file_header() + b"other content"))
elif case == "changed-dirtree":
    bad = tree = put(g.dirtree([("a", file)], []), "dirtree", hashlib.sha256(b"something else"))
elif case == "oversized-dirtree":
    bad = tree = put(b"", "dirtree", hashlib.sha256(b"big"))
    os.truncate(os.path.join(repo, "objects", bad.hex()[:2], bad.hex()[2:] + ".dirtree"), 300 << 20)
if tree is None and bad is not None:
    tree = put(entries([("good", file), ("it", bad)], []), "dirtree")
if case.startswith("commit-"):
    tree = put(g.dirtree([("a", file)], []), "dirtree")
    data = {"commit-garbage": b"\xff" * 200, "commit-empty": b"", "commit-cut": g.commit(tree, meta)[:-20],
            "commit-short-tree": g.commit(b"\1" * 31, meta), "commit-a-dirtree": g.dirtree([("a", file)], []),
            "commit-changed": g.commit(tree, meta)}[case]
    commit = bad = put(data, "commit", hashlib.sha256(b"x") if case == "commit-changed" else None)
else:
    commit = put(g.commit(tree, meta), "commit")
with open(os.path.join(repo, "refs/heads/x"), "w") as f:
    f.write(commit.hex() + "\n")
print(bad.hex())
PY

# check CASE MODE [what checkout does: fails or takes]
check_case ()
{
  local case=$1 mode=$2 checkout=${3:-fails} bad
  rm -rf repo out planted
  bad=$(python3 make.py repo "$mode" "$case")
  if [ "$checkout" = fails ]; then
    fails_with "$mode: checkout of $case" "^error: .*(${bad:0:8}|refs?)" "$UNDERLAY" --repo=repo checkout -U x out
  fi
  # The message of fsck may stand behind what it prints on the way, which goes to stdout.
  run "$UNDERLAY" --repo=repo fsck
  if [ "$status" = 1 ] && [[ $err$out == *"$bad"* ]]; then
    pass "$mode: fsck of $case"
  else
    fail "$mode: fsck of $case" "status $status, wanted 1 and $bad"
    diag "$out$err"
  fi
  ok "$mode: nothing beside the target for $case" test ! -e planted -a ! -e ../planted -a ! -e /planted
}

for c in dotdot dotdot-file dot slash absolute escape no-name duplicate unsorted file-and-dir name-of-256 not-utf8 \
  short-checksum garbage trailing nothing a-dirmeta deep-dotdot dirmeta-mode missing-file missing-dirtree oversized-dirtree; do
  check_case "$c" archive
done
for c in dotdot escape duplicate oversized-dirtree; do check_case "$c" bare; done
for c in commit-garbage commit-empty commit-cut commit-short-tree commit-a-dirtree; do check_case "$c" archive; done
for c in device directory xattrs-twice xattr-no-name symlink-no-target header-too-big header-cut packed-cut packed-garbage \
  packed-trailing empty-file size-too-big size-too-small; do
  check_case "$c" archive
done
# What is sound in form and has another checksum is for fsck; a checkout trusts its repository, as in OSTree.
check_case changed-file bare takes
check_case changed-dirtree archive takes
check_case commit-changed archive takes

# Repositories that are none, or from the future.
"$UNDERLAY" init --repo=r --mode=bare
mkdir tree && echo x >tree/a
"$UNDERLAY" --repo=r commit -b x tree >/dev/null
cp -a r r2
config () { rm -rf r2 && cp -a r r2 && printf '%s' "$1" >r2/config; }
config $'[core]\nrepo_version=2\nmode=bare\n'
fails_with "an unknown version" "^error: .*version '?2" "$UNDERLAY" --repo=r2 refs
config $'[core]\nrepo_version=1\nmode=nope\n'
fails_with "an unknown mode" "^error: .*nope" "$UNDERLAY" --repo=r2 refs
config $'[core]\nrepo_version=1\nmode=bare\n[core\n'
fails_with "a config that does not parse" "^error: .*" "$UNDERLAY" --repo=r2 refs
config ''
fails_with "an empty config" "^error: .*" "$UNDERLAY" --repo=r2 refs
rm r2/config
fails_with "no config" "^error: .*config" "$UNDERLAY" --repo=r2 refs
fails_with "no repository" "^error: .*none" "$UNDERLAY" --repo=none refs
fails_with "init of an unknown mode" "^error: .*nope" "$UNDERLAY" init --repo=r3 --mode=nope
ok "makes nothing" test ! -e r3

# Refs with something else in them.
for content in '' 'short' "$(printf '%064d' 0 | tr 0 Z)" "../../../etc/passwd" "$(printf '%0200d' 0)"; do
  printf '%s' "$content" >r/refs/heads/bad
  fails_with "a ref that says '${content:0:20}'" "^error: .*bad" "$UNDERLAY" --repo=r rev-parse bad
done
rm r/refs/heads/bad

# A symlink planted in the target.
mkdir -p deep/dir && echo inside >deep/dir/file
"$UNDERLAY" --repo=r commit -b deep deep >/dev/null
mkdir elsewhere
for union in --union --union-add "--union-identical -H"; do
  rm -rf target && mkdir target && ln -s ../elsewhere target/dir
  # shellcheck disable=SC2086
  fails_with "checkout $union through a symlink" "^error: .*dir" "$UNDERLAY" --repo=r checkout $union deep target
  is "nothing came through it" "$(ls -A elsewhere)" ""
done

done_testing
