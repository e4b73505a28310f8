#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Check out every kind of thing over every kind of thing; prints "LABEL<tab>GOT<tab>WANT" for each cell and tool.

In an empty directory, as root; $UNDERLAY and $OSTREE are the programs. What is wanted is what the tables in
docs/design/checkout.md and whiteouts.md say.
"""

import os
import shutil
import stat
import subprocess

TOOLS = {"underlay": os.environ["UNDERLAY"], "ostree": os.environ.get("OSTREE", "ostree")}
INCOMING = ["file", "symlink", "dir", "whiteout", "opaque"]
EXISTING = ["nothing", "same", "file", "symlink", "dir", "full", "whiteout", "other-whiteout", "opaque"]
UNITE = {"none": [], "union": ["--union"], "add": ["--union-add"], "identical": ["--union-identical", "-H"]}
PASSTHROUGH = "--process-passthrough-whiteouts"
OPAQUE = "trusted.overlay.opaque"

# The peer can't replace a directory with a whiteout, and takes a file of the same mode for the same whiteout.
DIFFERS = {
    "whiteout over dir, union, passthrough": "error",
    "whiteout over full, union, passthrough": "error",
    "whiteout over opaque, union, passthrough": "error",
    "whiteout over file, identical, passthrough": "kept",
}


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def put(kind, path):
    """What may be in the way; nothing of it is like what comes."""
    if kind in ("dir", "full", "opaque"):
        os.mkdir(path)
        os.chmod(path, 0o750)
    if kind == "file":
        write(path, "there\n")
    elif kind == "symlink":
        os.symlink("there", path)
    elif kind == "full":
        os.mkdir(path + "/kept")
        write(path + "/kept/file", "k")
    elif kind == "opaque":
        os.setxattr(path, OPAQUE, b"y")
        write(path + "/kept", "k")
    elif kind in ("whiteout", "other-whiteout"):
        os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
        os.chmod(path, 0o644 if kind == "whiteout" else 0o600)


def come(kind, top):
    """What comes, in a commit: a whiteout as its marker."""
    os.mkdir(top)
    if kind == "file":
        write(top + "/n", "comes\n")
    elif kind == "symlink":
        os.symlink("comes", top + "/n")
    elif kind == "whiteout":
        write(top + "/.ostree-wh.n", "")
    else:
        os.mkdir(top + "/n")
        write(top + "/n/inner", "in\n")
        if kind == "opaque":
            os.setxattr(top + "/n", OPAQUE, b"y")


def show(path):
    """Everything about what stands at a path but times: relative path -> facts. Empty if nothing does."""
    if not os.path.lexists(path):
        return {}
    facts = {}
    for directory, names, files in [("", [], [path])] + list(os.walk(path)):
        for full in [os.path.join(directory, n) for n in names + files]:
            st = os.lstat(full)
            link = stat.S_ISLNK(st.st_mode)
            facts[os.path.relpath(full, path)] = (
                st.st_mode, st.st_uid, st.st_gid, st.st_rdev,
                os.readlink(full) if link else open(full, "rb").read() if stat.S_ISREG(st.st_mode) else None,
                OPAQUE in os.listxattr(full, follow_symlinks=False))
    return facts


def expected(incoming, existing, unite, passthrough):
    if existing == "nothing":
        return "made"
    if unite == "none":
        return "error"
    if existing == "same":
        return "kept"  # or replaced by, or united with the same
    if incoming in ("dir", "opaque"):
        return "united" if existing in ("dir", "full", "opaque") else "error"
    if unite == "add":
        return "kept"
    if incoming == "whiteout" and passthrough:
        if existing == "whiteout":
            return "kept"
        return "replaced" if unite == "union" else "error"
    if unite == "union" and existing not in ("dir", "full", "opaque"):
        return "replaced"
    return "error"


def outcome(status, before, after, comes):
    if status != 0:
        return "error" if before == after else "error, and changed"
    if before == after:
        return "kept"
    if after == comes:
        return "replaced" if before else "made"
    # All of both, and of the directory itself what was there.
    return "united" if after == {**comes, **before} else f"neither: {after}"


def run(tool, *args):
    return subprocess.run([TOOLS[tool], "--repo=r", *args], capture_output=True)


def cell(tool, incoming, existing, unite, passthrough):
    name = "n" if incoming != "whiteout" or passthrough else ".ostree-wh.n"
    alone = f"alone.{incoming}{passthrough}/{name}"
    shutil.rmtree("o", ignore_errors=True)
    os.mkdir("o")
    if existing == "same":
        subprocess.run(["cp", "-a", alone, "o/" + name], check=True)
    else:
        put(existing, "o/" + name)
    before, comes = show("o/" + name), show(alone)
    subpath, target = "/" + incoming, "o"
    if unite == "none":
        subpath += "/" + os.listdir("src/" + incoming)[0]
        target += "/n" if incoming in ("dir", "opaque") else ""
    options = UNITE[unite] + ([PASSTHROUGH] if passthrough else [])
    done = run(tool, "checkout", *options, f"--subpath={subpath}", "t", target)
    got = outcome(done.returncode, before, show("o/" + name), comes)
    error = done.stderr.decode()
    if tool == "underlay" and done.returncode != 0 and not (error.startswith("error: ") and error.count("\n") == 1):
        got += f", saying {error!r}"
    return got


def main():
    os.umask(0o022)
    os.mkdir("src")
    for incoming in INCOMING:
        come(incoming, "src/" + incoming)
    run("ostree", "init", "--mode=bare")
    run("ostree", "commit", "-b", "t", "src")
    for passthrough in ("", "+"):
        for incoming in INCOMING:
            run("underlay", "checkout", "-C", *([PASSTHROUGH] if passthrough else []), f"--subpath=/{incoming}", "t",
                f"alone.{incoming}{passthrough}")
            for unite in UNITE:
                for existing in EXISTING:
                    label = f"{incoming} over {existing}, {unite}" + (", passthrough" if passthrough else "")
                    want = expected(incoming, existing, unite, passthrough)
                    print(label, cell("underlay", incoming, existing, unite, passthrough), want, sep="\t")
                    got = cell("ostree", incoming, existing, unite, passthrough)
                    print(label + ": the peer", got, DIFFERS.get(label, want), sep="\t")


main()
