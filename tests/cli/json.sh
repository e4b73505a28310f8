#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# --json: one valid document, the same keys in the same order always

. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3

u () { "$UNDERLAY" --repo=r "$@"; }

cat >keys <<'P'
#!/usr/bin/env python3
import json, sys
doc = json.load(sys.stdin)
items = doc if isinstance(doc, list) else [doc]
shapes = {",".join(i) for i in items}
print(len(items), " ".join(sorted(shapes)))
P
cat >get.py <<'P'
#!/usr/bin/env python3
import json, sys
doc = json.load(sys.stdin)
print(eval(sys.argv[1], {"d": doc, "by": {i.get("path", i.get("ref")): i for i in doc} if isinstance(doc, list) else {}}))
P
chmod +x keys get.py

u init
is "no refs: an empty list" "$(u refs --json | ./keys)" "0 "
mkdir -p tree/dir
printf 'x' >tree/file
setfattr -n user.bin -v 0x00ff tree/file
ln -s 'to "there"' tree/link
touch $'tree/q"\\\n\t' tree/ünï
one=$(u commit -b main -s 'Sub "ject"' -m $'a\nb' --timestamp=@-5 --add-metadata-string=version=2 --add-metadata="k=[1]" tree)
two=$(u commit -b main --timestamp=@1600000000 tree)
u refs --create=dev/x main
u refs --create=alias -A main
u refs --create=rem:r main^

ls_keys=path,type,mode,uid,gid,size,target,checksum,dirmeta,xattrs
is "ls" "$(u ls --json main | ./keys)" "6 $ls_keys"
is "ls -R" "$(u ls -R --json main | ./keys)" "6 $ls_keys"
is "ls -d" "$(u ls -d --json main | ./keys)" "1 $ls_keys"
is "ls of two paths" "$(u ls -d --json main /dir /file | ./keys)" "2 $ls_keys"
is "a file" "$(u ls --json main /file | ./get.py 'd[0]["type"], d[0]["mode"], d[0]["size"], d[0]["target"], d[0]["dirmeta"], d[0]["xattrs"]')" \
   "('file', '0100644', 1, None, None, [{'name': 'user.bin', 'value': 'AP8='}])"
is "a symlink" "$(u ls --json main /link | ./get.py 'd[0]["type"], d[0]["target"]')" "('symlink', 'to \"there\"')"
is "a directory" "$(u ls -d --json main /dir | ./get.py 'd[0]["type"], len(d[0]["checksum"]), len(d[0]["dirmeta"])')" "('directory', 64, 64)"
is "odd names" "$(u ls --json main | ./get.py 'sorted(p for p in by)[-2:]')" "['/q\"\\\\\\n\\t', '/ünï']"
run u ls --json main /dir /nope
is "a path that isn't there gives no half document" "$status $out" "1 "
fails_with "--json and --nul-filenames-only" "exclude each other" u ls --json --nul-filenames-only main

show_keys=checksum,parent,content_checksum,dirtree,dirmeta,timestamp,date,version,subject,body,metadata
is "show" "$(u show --json main | ./keys)" "1 $show_keys"
is "a commit" "$(u show --json main^ | ./get.py 'd["parent"], d["timestamp"], d["date"], d["version"], d["subject"], d["body"], d["metadata"]["k"]')" \
   "(None, -5, '1969-12-31T23:59:55Z', '2', 'Sub \"ject\"', 'a\\nb', '[1]')"
is "its parent" "$(u show --json main | ./get.py 'd["parent"], d["version"], d["subject"]')" "('$one', None, '')"
file=$(u ls -C main /file | awk '{print $5}')
tree=$(u ls -dC main | awk '{print $5}')
is "show of a file" "$(u show --json "$file" | ./keys)" "1 checksum,type,file_type,size,target,mode,uid,gid,xattrs"
is "show of a dirtree" "$(u show --json "$tree" | ./keys)" "1 checksum,type,variant"
fails_with "--json and --raw" "excludes --raw" u show --json --raw main

is "log" "$(u log --json main | ./keys)" "2 $show_keys"
is "newest first" "$(u log --json main | ./get.py '[c["checksum"] for c in d]')" "['$two', '$one']"
fails_with "log --json and --raw" "exclude each other" u log --json --raw main
rm "r/objects/${one:0:2}/${one:2}.commit"
is "a history that ends" "$(u log --json main | ./keys)" "1 $show_keys"

refs_keys=ref,remote,collection,commit,alias_of
is "refs" "$(u refs --json | ./keys)" "4 $refs_keys"
is "a ref" "$(u refs --json | ./get.py 'by["main"]["commit"], by["main"]["alias_of"]')" "('$two', None)"
is "an alias" "$(u refs --json -A | ./get.py 'd[0]["ref"], d[0]["commit"], d[0]["alias_of"]')" "('alias', '$two', 'main')"
is "a remote ref" "$(u refs --json | ./get.py 'by["r"]["remote"], by["r"]["commit"]')" "('rem', '$one')"
is "names are whole below a prefix" "$(u refs --json dev | ./get.py 'd[0]["ref"]')" dev/x
is "collections" "$(u refs -c --json | ./keys)" "0 "

u refs --delete rem:r
is "fsck" "$(u fsck --json | ./keys)" "1 sound,commits,objects,bytes,tombstones_added,partial_commits,partial_by_fsck,completed_commits,quarantine,findings"
is "is the only thing on stdout" "$(u fsck --json | head -c 1)" "{"

done_testing
