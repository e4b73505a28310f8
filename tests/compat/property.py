#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One random sequence of commands by both tools on two repositories, against a model.

    property.py SEED STEPS     in an empty directory; $UNDERLAY and $OSTREE are the programs

The model is a dictionary: which tree every ref of every repository has. Each step is done by a tool
chosen at random. After it what the command claims is compared with the model; at the end all refs are
checked out, both tools find both repositories sound, either prunes, and all is still there. The same
seed is the same sequence. Exit status 1 with the story so far if anything is not as it should be.
"""

import io
import os
import random
import shutil
import stat
import subprocess
import sys
import tarfile

TOOLS = {"underlay": os.environ["UNDERLAY"], "ostree": os.environ.get("OSTREE", "ostree")}
MODES = ["bare", "bare-user", "archive"]
NAMES = ["a", "b", "c.d", "-dash", "Grüße", "sp ace", ".hidden", "x" * 60]
BRANCHES = ["main", "dev/one", "dev/two", "q"]
CONTENTS = [b"", b"x", b"hello\n", b"0" * 5000, bytes(range(256)) * 300]


class Wrong(Exception):
    pass


class Entry:
    def __init__(self, kind, mode=0o644, data=b"", owner=(0, 0), xattrs=()):
        self.kind, self.mode, self.data, self.owner, self.xattrs = kind, mode, data, owner, tuple(xattrs)

    def key(self):
        return (self.kind, 0o777 if self.kind == "link" else self.mode, self.data, self.owner, self.xattrs)


def random_entry(rng, depth):
    owner = rng.choice([(0, 0), (0, 0), (12, 34)])
    kind = rng.choices(["file", "link", "dir"], [6, 1, 3 if depth < 3 else 0])[0]
    xattrs = [("user.note", rng.choice([b"1", b"two"]))] if kind != "link" and rng.random() < 0.2 else []
    if kind == "dir":
        return Entry("dir", rng.choice([0o755, 0o700, 0o1777]), owner=owner, xattrs=xattrs)
    if kind == "link":
        return Entry("link", 0o777, rng.choice([b"a", b"../nowhere", b"/etc"]), owner)
    return Entry("file", rng.choice([0o644, 0o600, 0o755, 0o4755]), rng.choice(CONTENTS), owner, xattrs)


def random_tree(rng, tree):
    """Change a tree (path -> Entry; "" is the root) in a few places."""
    tree = dict(tree) or {"": Entry("dir", 0o755)}
    for _ in range(rng.randint(1, 8)):
        dirs = [p for p in tree if tree[p].kind == "dir"]
        if rng.random() < 0.3 and len(tree) > 3:
            gone = rng.choice([p for p in sorted(tree) if p])
            tree = {p: e for p, e in tree.items() if p != gone and not p.startswith(gone + "/")}
            continue
        parent = rng.choice(sorted(dirs))
        path = (parent + "/" if parent else "") + rng.choice(NAMES)
        entry = random_entry(rng, path.count("/"))
        if not (path in tree and tree[path].kind == "dir" and entry.kind == "dir"):
            tree = {p: e for p, e in tree.items() if not p.startswith(path + "/")}
        tree[path] = entry
    return tree


def write_tree(top, tree):
    for path in sorted(tree):
        entry, full = tree[path], os.path.join(top, path) if path else top
        if entry.kind == "dir":
            os.mkdir(full, 0o700)
        elif entry.kind == "link":
            os.symlink(entry.data, full)
        else:
            with open(full, "wb") as f:
                f.write(entry.data)
        os.chown(full, *entry.owner, follow_symlinks=False)
        for name, value in entry.xattrs:
            os.setxattr(full, name, value)
        if entry.kind != "link":
            os.chmod(full, entry.mode)


def read_entry(path):
    st = os.lstat(path)
    owner, mode = (st.st_uid, st.st_gid), stat.S_IMODE(st.st_mode)
    if stat.S_ISLNK(st.st_mode):
        return Entry("link", mode, os.fsencode(os.readlink(path)), owner)
    xattrs = sorted((n, os.getxattr(path, n)) for n in os.listxattr(path) if n.startswith("user."))
    if stat.S_ISDIR(st.st_mode):
        return Entry("dir", mode, b"", owner, xattrs)
    with open(path, "rb") as f:
        return Entry("file", mode, f.read(), owner, xattrs)


def read_tree(top):
    tree = {}
    for directory, names, files in os.walk(top):
        for path in [directory] + [os.path.join(directory, n) for n in names + files]:
            relative = os.path.relpath(path, top)
            tree["" if relative == "." else relative] = read_entry(path)
    return tree


def differences(got, want):
    show = lambda e: None if e is None else (e[0], oct(e[1]), e[2][:20], e[3], e[4])
    return [(p, "got", show(got.get(p)), "want", show(want.get(p)))
            for p in sorted(set(got) | set(want)) if got.get(p) != want.get(p)]


def plain_name(name):
    return "" if name in (".", "./") else name.removeprefix("./").rstrip("/")


class Run:
    def __init__(self, seed, steps):
        self.rng = random.Random(seed)
        self.steps = steps
        self.story = []
        self.trees = {}  # commit -> tree
        self.parents = {}  # commit -> commit
        self.bindings = {}  # commit -> the ref it was made for; under another name it can't be pulled
        self.refs = {"one": {}, "two": {}}  # repository -> ref -> commit
        self.there = {"one": set(), "two": set()}  # repository -> commits that have to be there
        self.verbs = {}

    def has(self, tool, verb):
        if (tool, verb) not in self.verbs:
            done = subprocess.run([TOOLS[tool], verb, "--help"], capture_output=True)
            self.verbs[tool, verb] = done.returncode == 0
        return self.verbs[tool, verb]

    def tool_for(self, verb):
        return self.rng.choice([t for t in sorted(TOOLS) if self.has(t, verb)])

    def do(self, tool, repo, *args):
        self.story.append(f"{tool} --repo={repo} {' '.join(args)}")
        done = subprocess.run([TOOLS[tool], f"--repo={repo}", *args], capture_output=True)
        if done.returncode != 0:
            raise Wrong(f"status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def any_ref(self):
        repo = self.rng.choice(sorted(self.refs))
        return repo, self.rng.choice(sorted(self.refs[repo])) if self.refs[repo] else None

    # What must hold of a ref, by looking at it one way.

    def check_out(self, tool, repo, ref):
        tree = self.trees[self.refs[repo][ref]]
        shutil.rmtree("out", ignore_errors=True)
        options = self.rng.choice([[], ["-C"], ["--user-mode"]])
        self.do(tool, repo, "checkout", *options, ref, "out")
        got, want = read_tree("out"), {p: e.key() for p, e in tree.items()}
        if options == ["--user-mode"]:
            plain = lambda k: (k[0], k[1] & (0o777 if k[0] != "dir" else 0o7777), k[2])
            self.compare({p: plain(e.key()) + ((), ()) for p, e in got.items()},
                         {p: plain(k) + ((), ()) for p, k in want.items()})
        else:
            self.compare({p: e.key() for p, e in got.items()}, want)

    def compare(self, got, want):
        wrong = differences(got, want)
        if wrong:
            raise Wrong("not the tree of the model: " + "; ".join(map(str, wrong[:5])))

    # The steps.

    def commit(self):
        repo = self.rng.choice(sorted(self.refs))
        ref = self.rng.choice(BRANCHES)
        old = self.refs[repo].get(ref)
        if old is not None and old not in self.there[repo]:
            return
        tree = random_tree(self.rng, self.trees.get(old, {}))
        shutil.rmtree("in", ignore_errors=True)
        write_tree("in", tree)
        when = self.rng.randrange(1, 2**31)
        out = self.do(self.tool_for("commit"), repo, "commit", "-b", ref, "-s", "s", f"--timestamp=@{when}", "in")
        new = out.decode().split()[-1]
        self.trees[new], self.parents[new], self.bindings[new] = tree, old, ref
        self.refs[repo][ref] = new
        self.there[repo].add(new)

    def checkout(self):
        repo, ref = self.any_ref()
        if ref:
            self.check_out(self.tool_for("checkout"), repo, ref)

    def listing(self):
        repo, ref = self.any_ref()
        if ref:
            outs = {t: sorted(self.do(t, repo, "ls", "-R", "-C", "-X", ref).splitlines()) for t in sorted(TOOLS)}
            if outs["ostree"] != outs["underlay"]:
                raise Wrong("ls differs between the tools")

    def reset(self):
        repo, ref = self.any_ref()
        older = [c for c in sorted(self.there[repo])]
        if ref and older:
            target = self.rng.choice(older)
            self.do(self.tool_for("reset"), repo, "reset", ref, target)
            self.refs[repo][ref] = target

    def create_ref(self):
        repo, ref = self.any_ref()
        name = f"copy{self.rng.randrange(4)}"
        if ref and name not in self.refs[repo]:
            self.do(self.tool_for("refs"), repo, "refs", f"--create={name}", ref)
            self.refs[repo][name] = self.refs[repo][ref]

    def delete_ref(self):
        repo, ref = self.any_ref()
        if ref and len(self.refs[repo]) > 1:
            self.do(self.tool_for("refs"), repo, "refs", "--delete", ref)
            del self.refs[repo][ref]

    def list_refs(self):
        repo = self.rng.choice(sorted(self.refs))
        tool = self.tool_for("refs")
        got = set(self.do(tool, repo, "refs").decode().split())
        if got != set(self.refs[repo]):
            raise Wrong(f"refs: got {sorted(got)}, want {sorted(self.refs[repo])}")

    def prune(self):
        repo = self.rng.choice(sorted(self.refs))
        # With a depth between, ostree takes commits that another ref keeps (o#2338).
        tool = self.tool_for("prune")
        depth = self.rng.choice([-1, 0] if tool == "ostree" else [-1, 0, 1, 2])
        self.do(tool, repo, "prune", "--refs-only", f"--depth={depth}")
        kept = set()
        for commit in self.refs[repo].values():
            left = depth
            while commit is not None and commit in self.there[repo] and left >= -1:
                kept.add(commit)
                if left == 0:
                    break
                commit, left = self.parents[commit], left - 1 if left > 0 else left
        self.there[repo] = kept

    def pull_local(self):
        source, target = self.rng.sample(sorted(self.refs), 2)
        refs = sorted(r for r, c in self.refs[source].items() if self.bindings[c] == r)
        if not refs:
            return
        refs = self.rng.sample(refs, self.rng.randint(1, len(refs)))
        self.do(self.tool_for("pull-local"), target, "pull-local", source, *refs)
        for ref in refs:
            self.refs[target][ref] = self.refs[source][ref]
            self.there[target].add(self.refs[source][ref])

    def diff(self):
        repo = self.rng.choice(sorted(self.refs))
        if not self.has("underlay", "diff") or len(self.there[repo]) < 2:
            return
        a, b = self.rng.sample(sorted(self.there[repo]), 2)
        outs = [self.do(t, repo, "diff", a, b) for t in sorted(TOOLS)]
        if sorted(outs[0].splitlines()) != sorted(outs[1].splitlines()):
            raise Wrong("diff differs between the tools:\n" + "\n".join(o.decode() for o in outs))

    def export(self):
        repo, ref = self.any_ref()
        if not ref:
            return
        data = self.do(self.tool_for("export"), repo, "export", ref)
        got = {}
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = {plain_name(m.name): m for m in tar}
            for name, m in members.items():
                while m.islnk():
                    m = members[plain_name(m.linkname)]
                kind = "dir" if m.isdir() else "link" if m.issym() else "file"
                content = m.linkname.encode() if m.issym() else tar.extractfile(m).read() if m.isreg() else b""
                got[name] = (kind, 0o777 if m.issym() else m.mode & 0o7777, content, (m.uid, m.gid), ())
        self.compare(got, {p: e.key()[:4] + ((),) for p, e in self.trees[self.refs[repo][ref]].items()})

    def verify(self):
        repo, ref = self.any_ref()
        if not ref or not self.has("underlay", "verify"):
            return
        tree = self.trees[self.refs[repo][ref]]
        shutil.rmtree("out", ignore_errors=True)
        self.do(self.tool_for("checkout"), repo, "checkout", ref, "out")
        self.do("underlay", repo, "verify", *self.rng.choice([[], ["--full"]]), "out", ref)
        path = self.rng.choice(sorted(tree))
        if tree[path].kind == "file":
            os.unlink(f"out/{path}")  # it may be a hardlink of the object
        with open(f"out/{path}" if tree[path].kind == "file" else "out/new", "wb") as f:
            f.write(b"something else")
        self.story.append(f"(change {path})")
        try:
            self.do("underlay", repo, "verify", "out", ref)
        except Wrong as wrong:
            if not str(wrong).startswith("status 1:"):
                raise
        else:
            raise Wrong("verify did not see the change")

    def repair(self):
        """Damage some objects, and have them back from a copy."""
        repo = self.rng.choice(sorted(self.refs))
        heads = set(self.refs[repo].values())
        shutil.rmtree("spare", ignore_errors=True)
        subprocess.run(["cp", "-a", repo, "spare"], check=True)
        paths = []
        for directory, _, files in os.walk(f"{repo}/objects"):
            for name in files:
                checksum, kind = (os.path.basename(directory) + name).split(".", 1)
                # A history that ends is no fault, so other commits would not come back.
                if kind in ("file", "filez", "dirtree", "dirmeta") or (kind == "commit" and checksum in heads):
                    paths.append(os.path.join(directory, name))
        for path in self.rng.sample(sorted(paths), min(len(paths), self.rng.randint(1, 5))):
            os.unlink(path)
            if self.rng.random() < 0.5:
                with open(path, "wb") as f:
                    f.write(b"junk")
            self.story.append(f"(damage {path})")
        self.do("underlay", repo, "fsck", "--repair=spare")
        for tool in sorted(TOOLS):
            self.do(tool, repo, "fsck")

    def finish(self):
        for repo in sorted(self.refs):
            for tool in sorted(TOOLS):
                self.do(tool, repo, "fsck")
            for ref in sorted(self.refs[repo]):
                self.check_out(self.tool_for("checkout"), repo, ref)
            self.do(self.tool_for("prune"), repo, "prune", "--refs-only")
            for ref in sorted(self.refs[repo]):
                self.check_out(self.tool_for("checkout"), repo, ref)
            for tool in sorted(TOOLS):
                self.do(tool, repo, "fsck")
            left = [n for n in os.listdir(f"{repo}/tmp") if n.startswith("staging-")]
            if self.has("underlay", "prune") and left:
                raise Wrong(f"left in tmp/: {left}")

    def run(self):
        for repo in sorted(self.refs):
            self.do(self.tool_for("init"), repo, "init", f"--mode={self.rng.choice(MODES)}")
        verbs = [(self.commit, "commit", 8), (self.checkout, "checkout", 4), (self.listing, "ls", 1),
                 (self.reset, "reset", 1), (self.create_ref, "refs", 1), (self.delete_ref, "refs", 1),
                 (self.list_refs, "refs", 1), (self.prune, "prune", 2), (self.pull_local, "pull-local", 3),
                 (self.diff, "diff", 2), (self.verify, "verify", 1), (self.repair, "fsck", 1), (self.export, "export", 1)]
        for _ in range(self.steps):
            self.rng.choices([v[0] for v in verbs], [v[2] for v in verbs])[0]()
        self.finish()


def main():
    run = Run(int(sys.argv[1]), int(sys.argv[2]))
    os.umask(0o022)
    try:
        run.run()
    except Wrong as wrong:
        print("\n".join(run.story[-40:]))
        print(f"=> {wrong}")
        sys.exit(1)


main()
