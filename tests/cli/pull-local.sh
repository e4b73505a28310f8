#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Commits from another repository: which come, under which names, what is refused.

. "$(dirname "$0")/../lib/tap.sh"

s () { "$UNDERLAY" --repo=src "$@"; }
d () { "$UNDERLAY" --repo=dst "$@"; }
fresh () { rm -rf dst && "$UNDERLAY" init --repo=dst --mode="${1:-bare-user}"; }
# Where an object is: object REPO CHECKSUM TYPE
object () { echo "$1/objects/${2:0:2}/${2:2}.$3"; }
marks () { (cd "$1/state" && find . -name '*.commitpartial' -printf '%f\n' | sort); }
objects () { (cd "$1/objects" && find . ! -type d | sort); }

"$UNDERLAY" init --repo=src --mode=bare-user
mkdir -p tree/sub/deep
for f in one sub/two sub/deep/three; do echo $f >"tree/$f"; done
ln -s one tree/link
for n in 1 2 3; do
  echo $n >tree/changes
  eval "c$n=$(s commit -b main --timestamp=@$n --add-detached-metadata-string=n=$n tree)"
done
echo dev >tree/changes
dev=$(s commit -b dev/x --timestamp=@4 tree)

# --- what comes

fresh
run d pull-local src main
is "a ref, and what is printed" "$status $out$err" \
   "0 5 metadata, 5 content objects imported; 0 bytes content written"
is "the ref is set" "$(d refs) $(d rev-parse main)" "main $c3"
is "detached metadata too" "$(d show --print-detached-metadata-key=n main)" "'3'"
nok "no parent came" d show "$c2"
is "no mark stays" "$(marks dst)" ""
is "again: nothing is new" "$(d pull-local src main)" \
   "0 metadata, 0 content objects imported; 0 bytes content written"
is "--json" "$(d pull-local --json src main | python3 -c 'import json, sys; print(json.load(sys.stdin))')" \
   "{'metadata': 0, 'content': 0, 'content_bytes': 0}"
is "all refs" "$(d pull-local src)" "2 metadata, 1 content objects imported; 0 bytes content written"
is "are set" "$(d refs)" "dev/x"$'\n'"main"
ok "a parent" d pull-local --depth=1 src main
ok "came" d show "$c2"
nok "and no more" d show "$c1"
ok "all parents" d pull-local --depth=-1 src main
ok "came" d show "$c1"
ok "sound" d fsck -q
is "nothing is printed with -q" "$(d pull-local -q src)" ""

fresh
ok "a checksum" d pull-local src "$c1"
is "sets no ref" "$(d refs)" ""
ok "a ref and a checksum" d pull-local src "main@$c2"
is "the ref is there" "$(d rev-parse main)" "$c2"
ok "a ref that is there goes on" d pull-local src main
is "to the source's" "$(d rev-parse main)" "$c3"
ok "and back" d pull-local src "main@$c1"
is "to what was asked for" "$(d rev-parse main)" "$c1"
ok "as a remote's" d pull-local --remote=usb src main dev/x
is "they are" "$(d refs)" "main"$'\n'"usb:dev/x"$'\n'"usb:main"

# Depth counts from each ref: one's parents may be another's.
fresh
ok "two refs of one line" d pull-local --depth=1 src "$c3" "$c2"
ok "the parent's parent came" d show "$c1"

# --- detached metadata alone

cp -a src changed
s2 () { "$UNDERLAY" --repo=changed "$@"; }
s2 commit --orphan --timestamp=@9 --add-detached-metadata-string=n=other tree >other
cp "$(object changed "$(cat other)" commitmeta)" x && mv x "$(object changed "$c3" commitmeta)"
fresh
d pull-local -q src main
ok "detached metadata that changed" d pull-local changed main
is "replace ours" "$(d show --print-detached-metadata-key=n main)" "'other'"
rm "$(object changed "$c3" commitmeta)"
d pull-local -q changed main
is "none there leaves ours" "$(d show --print-detached-metadata-key=n main)" "'other'"

# --- partial commits

fresh
is "metadata only" "$(d pull-local --commit-metadata-only src main)" \
   "1 metadata, 0 content objects imported; 0 bytes content written"
is "is partial" "$(marks dst)" "$c3.commitpartial"
ok "and a source of its own" cp -a dst metadata-only
is "the rest" "$(d pull-local src main)" "4 metadata, 5 content objects imported; 0 bytes content written"
is "is whole" "$(marks dst)" ""
ok "sound" d fsck -q
ok "metadata of a whole one" d pull-local --commit-metadata-only src main
is "leave it whole" "$(marks dst)" ""

# What fsck found broken.
rm "$(object dst "$(d ls -C main /sub/two | awk '{ print $5 }')" file)"
nok "an object is lost" d fsck -q
is "so fsck marks the commit" "$(marks dst)" "$c3.commitpartial"
is "a pull brings it back" "$(d pull-local src main)" \
   "0 metadata, 1 content objects imported; 0 bytes content written"
ok "all of it" d fsck -q

fresh
fails_with "a commit that is partial in the source" \
           "^error: Commit $c3 is partial in repo metadata-only: .*No such object [0-9a-f]{64}.dirmeta in repo metadata-only$" \
           d pull-local metadata-only main
is "no ref is set" "$(d refs)" ""
nok "nor is the commit there" d show "$c3"
is "what stays is the mark" "$(marks dst)$(objects dst)" "$c3.commitpartial"
d pull-local -q src "$c2"
fails_with "what is new in it is missing" "No such object" d pull-local metadata-only main
d pull-local -q src "$c3"
touch "dst/state/$c3.commitpartial"
ok "what is missing there may be here" d pull-local metadata-only main
is "then it's whole" "$(marks dst)" ""

# --- bindings

s refs --create=other main
fails_with "a ref the commit isn't bound to" \
           "^error: Commit $c3: Commit has no requested ref ‘other’ in ref binding metadata \(‘main’\)$" \
           d pull-local src other
ok "unless that is asked for" d pull-local --disable-verify-bindings src other
fresh
ok "among all refs one name is enough" d pull-local src
s refs --delete main dev
fails_with "none is not" "no requested ref" d pull-local src
s refs --delete other
s refs --create=main "$c3"
s commit -b free --no-bindings --timestamp=@5 tree >/dev/null
ok "a commit that is bound to nothing" d pull-local src free

# --- what is refused

fresh
is "an empty source: nothing to do" "$("$UNDERLAY" init --repo=empty; d pull-local empty)" \
   "0 metadata, 0 content objects imported; 0 bytes content written"
fails_with "no such ref" "^error: Refspec 'nope' not found$" d pull-local src nope
fails_with "a directory of refs" "^error: Refspec 'dev' not found$" d pull-local src dev
fails_with "no such commit" "^error: No such commit 0{64} in repo src$" d pull-local src "$(printf '%064d' 0)"
fails_with "no ref name" "^error: Invalid ref name ../x$" d pull-local src ../x
fails_with "a remote's ref" "^error: Invalid ref name rem:x$" d pull-local src rem:x
fails_with "half a checksum" "^error: Invalid checksum 'abc' for ref main$" d pull-local src main@abc
fails_with "no remote name" "^error: Invalid refspec a/b:main$" d pull-local --remote=a/b src main
fails_with "no source" "^error: opening repo: opendir\(nodir\): No such file or directory$" d pull-local nodir
fails_with "none named" "^error: A source repository must be specified$" d pull-local
fails_with "no number" "^error: Cannot parse integer value 'x' for --depth$" d pull-local --depth=x src
fails_with "nor below -1" "^error: Cannot parse integer value '-2' for --depth$" d pull-local --depth=-2 src
for o in require-static-deltas gpg-verify gpg-verify-summary; do
  fails_with "--$o" "^error: --$o is not supported$" d pull-local --$o src
done
is "none of it left anything" "$(objects dst)$(marks dst)$(d refs)" ""
d commit -b main/below --timestamp=@1 tree >/dev/null
before=$(objects dst)
fails_with "a ref in the way" "^error: Conflict: refs exist under refs/heads/main$" d pull-local src main
is "nothing was published" "$(objects dst)" "$before"
mkdir -p src/refs/remotes/rem && cp src/refs/heads/main src/refs/remotes/rem/main
fails_with "all refs, a remote's among them" "^error: Invalid ref name rem:main: refs of remotes" d pull-local src
rm -r src/refs/remotes/rem

mkdir suid && echo x >suid/x && chmod 4755 suid/x
s commit -b suid --timestamp=@6 suid >/dev/null
for mode in bare-user archive; do
  fresh $mode
  ok "$mode: any bits" d pull-local src suid
  fresh $mode
  fails_with "$mode: not with --bareuseronly-files" \
             "^error: Importing [0-9a-f]{64}.file: Content object [0-9a-f]{64}: invalid mode 0104755 with bits 04000$" \
             d pull-local --bareuseronly-files src suid
  fresh $mode
  nok "$mode: nor untrusted" d pull-local --untrusted --bareuseronly-files src suid
done
fresh bare-user-only
fails_with "a mode that can't hold it" "for bare-user-only$" d pull-local src suid
is "leaves no object" "$(objects dst)" ""

# --- hostile sources

# refused NAME RE FROM OPTIONS...: one line, and neither ref nor any object
refused ()
{
  fresh "$3"
  fails_with "$1" "$2" d pull-local "${@:4}" bad main
  is "$1: nothing came of it" "$(d refs)$(objects dst)" ""
  ok "$1: and the repository works" d pull-local -q good main
  unlike "$1: as it should" "$(marks dst)" "$(cat good/refs/heads/main)"
}
rm -rf src && "$UNDERLAY" init --repo=src --mode=archive
s commit -b main --timestamp=@1 tree >/dev/null
c=$(s rev-parse main)
mv src good
g () { "$UNDERLAY" --repo=good "$@"; }
file=$(object bad "$(g ls -C main /one | awk '{ print $5 }')" filez)
for o in bare-user archive; do
  opts=()
  [ $o = bare-user ] || opts=(--untrusted)
  rm -rf bad && cp -a good bad && rm "$file" && head -c 40 "good${file#bad}" >"$file"
  refused "$o: a truncated object" "^error: Importing [0-9a-f]{64}.file: " $o "${opts[@]}"
  rm "$file" && cp "good/objects/$(cd good/objects && find . -name '*.filez' ! -path "*${file##*/}" | sort | head -1)" "$file"
  refused "$o: another object under its name" "Corrupted object [0-9a-f]{64}.file in repo bad: its checksum is [0-9a-f]{64}$" \
          $o "${opts[@]}"
  rm "$file"
  refused "$o: none" "No such (file )?object [0-9a-f]{64}(.file)?( in repo bad)?$" $o "${opts[@]}"
  mkfifo "$file"
  refused "$o: a FIFO" "neither regular file nor symlink|Corrupted" $o --untrusted
  rm "$file" && ln -s /etc/passwd "$file"
  refused "$o: a symlink" "is a symlink, which this mode doesn't store" $o --untrusted
done

# A dirtree that leads upwards, and the commit that has it, both under their right names.
rm -rf bad && cp -a good bad
python3 - "$SRC/tests/lib" <<'E' >made
import glob, hashlib, os, sys
sys.path.insert(0, sys.argv[1])
commit = [p for p in glob.glob("bad/objects/*/*.commit")][0]
data = open(commit, "rb").read()
# The root's dirtree, by what follows the timestamp: ay of 32 twice, then offsets.
trees = {p.split("/")[2] + os.path.basename(p)[:-8]: p for p in glob.glob("bad/objects/*/*.dirtree")}
def put(kind, body):
    name = hashlib.sha256(body).hexdigest()
    os.makedirs("bad/objects/" + name[:2], exist_ok=True)
    open("bad/objects/%s/%s.%s" % (name[:2], name[2:], kind), "wb").write(body)
    return name
for old, path in trees.items():
    if bytes.fromhex(old) in data:
        tree = open(path, "rb").read().replace(b"one\0", b"../\0")
        new = put("dirtree", tree)
        c = put("commit", data.replace(bytes.fromhex(old), bytes.fromhex(new)))
        print(c)
E
bad=$(cat made)
echo "$bad" >bad/refs/heads/main
refused "a dirtree with a name that isn't one" "^error: .*corrupt object [0-9a-f]{64}.dirtree: " bare-user
cp "$(object good "$c" commit)" x && mv x "$(object bad "$bad" commit)"
refused "a commit under another's name" "^error: Corrupted object $bad.commit in repo bad: its checksum is $c$" bare-user
echo garbage >bad/refs/heads/main
refused "a ref that holds no checksum" "^error: reading ref refs/heads/main: it holds no checksum$" bare-user
ln -sf /etc/passwd bad/refs/heads/main
refused "a ref that leads out" "^error: reading ref refs/heads/main: it leads out of the repository$" bare-user

done_testing
