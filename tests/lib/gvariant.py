# SPDX-License-Identifier: LGPL-2.1-or-later
"""GVariant's serialisation, little-endian, for tests that make objects no tool would write.

encode (type, value): bytes. Values: int for y b n q i u x t, bytes or str for s and ay, list for
arrays, tuple for tuples, (type, value) for v, list of pairs for a{..}. Nothing is validated: that
is the point. Source: the GVariant specification. Integers that a format wants big-endian are given
swapped, with be32 () and be64 ().
"""
import struct

FIXED = {"y": ("B", 1), "b": ("B", 1), "n": ("<h", 2), "q": ("<H", 2), "i": ("<i", 4),
         "u": ("<I", 4), "x": ("<q", 8), "t": ("<Q", 8)}


def be32(n):
    return struct.unpack("<I", struct.pack(">I", n))[0]


def be64(n):
    return struct.unpack("<Q", struct.pack(">Q", n))[0]


def split(types):
    """The complete types that a string of types is made of."""
    out, i = [], 0
    while i < len(types):
        start = i
        while types[i] == "a":
            i += 1
        if types[i] in "({":
            depth = 0
            while True:
                depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(types[i], 0)
                i += 1
                if depth == 0:
                    break
        else:
            i += 1
        out.append(types[start:i])
    return out


def alignment(t):
    if t[0] in FIXED:
        return FIXED[t[0]][1]
    if t[0] == "a":
        return alignment(t[1:])
    if t[0] == "v":
        return 8
    if t[0] in "({":
        return max([alignment(x) for x in split(t[1:-1])] or [1])
    return 1


def fixed_size(t):
    """The size that every value of this type has, or None."""
    if t[0] in FIXED:
        return FIXED[t[0]][1]
    if t == "()":
        return 1
    if t[0] in "({":
        size = 0
        for x in split(t[1:-1]):
            f = fixed_size(x)
            if f is None:
                return None
            size = pad(size, alignment(x)) + f
        return pad(size, alignment(t))
    return None


def pad(n, align):
    return -(-n // align) * align


def framed(body, ends):
    size = 1
    while len(body) + size * len(ends) >= 1 << (8 * size):
        size *= 2
    return body + b"".join(e.to_bytes(size, "little") for e in ends)


def raw(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def encode(t, value):
    if t[0] in FIXED:
        return struct.pack(FIXED[t[0]][0], value)
    if t == "s":
        return raw(value) + b"\0"
    if t == "ay":
        return raw(value)
    if t == "v":
        return encode(*value) + b"\0" + value[0].encode()
    body, ends = b"", []
    if t[0] == "a":
        for v in value:
            body += b"\0" * (pad(len(body), alignment(t[1:])) - len(body)) + encode(t[1:], v)
            ends.append(len(body))
        return body if fixed_size(t[1:]) or not ends else framed(body, ends)
    parts = split(t[1:-1])
    for i, (x, v) in enumerate(zip(parts, value)):
        body += b"\0" * (pad(len(body), alignment(x)) - len(body)) + encode(x, v)
        if fixed_size(x) is None and i + 1 < len(parts):
            ends.insert(0, len(body))
    if fixed_size(t) is not None:
        return body + b"\0" * (fixed_size(t) - len(body))
    return framed(body, ends)


# The formats, as they are described in ostree-core.h.
def dirtree(files, dirs):
    """files: (name, checksum); dirs: (name, dirtree checksum, dirmeta checksum); checksums as bytes."""
    return encode("(a(say)a(sayay))", (files, dirs))


def dirmeta(uid=0, gid=0, mode=0o40755, xattrs=()):
    return encode("(uuua(ayay))", (be32(uid), be32(gid), be32(mode), xattrs))


def commit(tree, meta, metadata=(), parent=b"", subject="", body="", timestamp=1577934245, related=()):
    return encode("(a{sv}aya(say)sstayay)",
                  (metadata, parent, related, subject, body, be64(timestamp), tree, meta))


def file_header(uid=0, gid=0, mode=0o100644, rdev=0, target="", xattrs=()):
    v = encode("(uuuusa(ayay))", (be32(uid), be32(gid), be32(mode), be32(rdev), target, xattrs))
    return struct.pack(">II", len(v), 0) + v


def archive_header(size=0, uid=0, gid=0, mode=0o100644, rdev=0, target="", xattrs=()):
    v = encode("(tuuuusa(ayay))",
               (be64(size), be32(uid), be32(gid), be32(mode), be32(rdev), target, xattrs))
    return struct.pack(">II", len(v), 0) + v
