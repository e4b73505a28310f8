# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What an adversarial tester found, each with what should happen instead.

. "$(dirname "$0")/../lib/tap.sh"

ul () { "$UNDERLAY" --repo=repo "$@"; }
mkdir -p tree/d
echo a >tree/a
echo b >tree/d/b
ul init
ul commit -b main tree >/dev/null

# --consume and the repository
mkdir -p outer/sub
echo x >outer/sub/f
"$UNDERLAY" --repo=outer/repo init
fails_with "a consumed tree may not hold the repository" 'consuming outer: the repository is in it' \
  "$UNDERLAY" --repo=outer/repo commit -b x --consume outer
ok "the repository is still there" "$UNDERLAY" --repo=outer/repo fsck -q
ok "and the tree" test -f outer/sub/f
mkdir here
echo x >here/f
(cd here && "$UNDERLAY" --repo=../repo commit -b here --consume >../printed)
mkdir -p twice/sub && echo a >twice/sub/a
ok "what is consumed twice, or with what is in it" \
  ul commit -b twice --consume --tree=dir=twice --tree=dir=twice/sub --tree=dir=twice
nok "is gone" test -e twice
is "the current directory can be consumed" "$(cat printed)" "$(ul rev-parse here)"
nok "and is gone" test -e here

# An object that is no file
object () { local c; c=$(ul ls -C main "$1" | awk '{ print $5 }'); echo "repo/objects/${c:0:2}/${c:2}.file"; }
path=$(object /a)
mv "$path" saved
mkfifo "$path"
fails_with "a FIFO in the place of an object isn't linked" 'neither regular file nor symlink' ul checkout main out
nok "nor delivered" test -e out/a
rm "$path"
mkdir "$path"
run ul fsck --delete --all
is "fsck --delete removes a directory in its place" "$(test -e "$path" && echo there || echo gone)" gone
mkdir -p "$(dirname "$path")"
mv saved "$path"
rm -rf out repo/state/*.commitpartial

# An archive object whose header says that it's empty
"$UNDERLAY" --repo=archive init --mode=archive
"$UNDERLAY" --repo=archive commit -b main tree >/dev/null
c=$("$UNDERLAY" --repo=archive ls -C main /a | awk '{ print $5 }')
file=archive/objects/${c:0:2}/${c:2}.filez
printf '\0\0\0\0\0\0\0\0' | dd of="$file" bs=1 seek=8 conv=notrunc 2>/dev/null
fails_with "a header that lies about the size is found at checkout" "content isn't of the size" \
  "$UNDERLAY" --repo=archive checkout -U main out

# Aliases
fails_with "an alias of itself" 'would lead to itself' ul refs --create=main --alias main --force
ul refs --create=other --alias main
fails_with "a loop of two" 'would lead to itself' ul refs --create=main --alias other --force
ok "refs are as before" ul rev-parse main other

# Modes whatever the umask
(umask 077 && "$UNDERLAY" --repo=closed init && "$UNDERLAY" --repo=closed commit -b b tree >/dev/null)
is "config and refs are readable at any umask" "$(stat -c %a closed/config closed/refs/heads/b | tr '\n' ' ')" "644 644 "

# Objects have the mode of their mode, whatever the umask and the directory's group bit
mkdir modes
for m in 0000 0400 0444 0600 0640 0644 0664 0666 0711 0755 0775 0777 2755 4755 7777; do
  echo "$m" >"modes/$m"
  chmod "$m" "modes/$m"
done
for mode in bare bare-user bare-user-only archive; do
  opts=()
  [ "$mode" != bare-user-only ] || opts=(--canonical-permissions)
  for mask in 000 022 077 s22; do
    "$UNDERLAY" --repo="$mode-$mask" init --mode="$mode"
    [ "$mask" != s22 ] || { chgrp 12345 "$mode-$mask/tmp" 2>/dev/null; chmod g+s "$mode-$mask/tmp"; }
    (umask "${mask/s/0}" && "$UNDERLAY" --repo="$mode-$mask" commit --orphan --timestamp=@1 "${opts[@]}" modes >out.log)
    (cd "$mode-$mask/objects" && find . -type f -printf '%P %m %u\n' | sort >"../../$mode-$mask.list")
    ok "$mode, umask $mask: sound" "$UNDERLAY" --repo="$mode-$mask" fsck -q
    [ "$mask" = s22 ] || is "$mode: umask $mask changes nothing" "$(cat "$mode-$mask.list")" "$(cat "$mode-000.list")"
  done
done

# A ref below a ref is refused before anything is written
before=$(find repo/objects -type f | sort)
echo new >tree/new
fails_with "a ref below a ref" 'Conflict: refs/heads/main is a ref' ul commit -b main/sub tree
is "nothing was published" "$(find repo/objects -type f | sort)" "$before"

# Lists
printf '/a\0b\n/\xff\n' >list
fails_with "a skip list that isn't text" 'list:1: Invalid UTF-8' ul commit -b x --skip-list=list tree
printf '=1 /a\n=384 /a\n' >list
ul commit -b x --statoverride=list tree >/dev/null
like "the last mode of a path counts" "$(ul ls x /a)" '^-00600 '
printf '2048 /d\n' >list
ul commit -b x --statoverride=list tree >/dev/null
like "a mode to add isn't for directories" "$(ul ls -d x /d)" '^d00755 '

# Threads that can't be had. A limit for a user of its own, as root has none; not one of memory, of which
# GLib makes no attempt to survive the end.
limited () { setpriv --reuid=64123 --regid=64123 --clear-groups prlimit --nproc=1 "$UNDERLAY" "$@"; }
chmod 711 "$T"
"$UNDERLAY" --repo=small init
"$UNDERLAY" --repo=small commit -b main tree >/dev/null
if limited --version >/dev/null 2>&1; then
  ok "more jobs than threads allowed" limited --repo=small fsck -q --jobs=200
else
  skip "more jobs than threads allowed" "needs root, and a program that others can run"
fi

# Descriptors that can't be had: fewer workers then, and fewer directories kept open for them
for i in {1..30}; do
  mkdir -p "fds/d$i/e/f"
  for j in {1..20}; do echo "$i $j" >"fds/d$i/e/f/$j"; done
  head -c 1200000 /dev/zero >"fds/d$i/e/large"
  echo "$i" >>"fds/d$i/e/large"
done
for n in 20 26 32 40 64; do
  few () { prlimit --nofile="$n:$n" "$UNDERLAY" "$@"; }
  rm -rf fds-repo fds-out
  "$UNDERLAY" --repo=fds-repo init
  ok "commit with $n descriptors" few --repo=fds-repo commit -b x --jobs=16 fds
  ok "checkout with $n descriptors" few --repo=fds-repo checkout -C --jobs=16 x fds-out
  ok "fsck with $n descriptors" few --repo=fds-repo fsck -q --jobs=16
done
same_tree "and nothing is missing" fds fds-out --no-links

# A deep tree is listed without recursion
deep=deep
for _ in {1..40}; do deep=$deep/aaaaaaaaaa/bbbbbbbbbb/cccccccccc; done
mkdir -p "$deep"
ul commit -b deep deep >/dev/null
is "ls -R of a deep tree" "$(ul ls -R deep | wc -l)" 121

# A name and its whiteout from two trees (0:0 devices need no privilege)
mkdir one two two/n
if mknod one/n c 0 0 2>/dev/null; then
  fails_with "a whiteout and its name from two trees" 'both n and a whiteout of it come together' \
    ul commit -b x --retarget-whiteouts --tree=dir=one --tree=dir=two
  fails_with "in the other order" 'both n and a whiteout of it come together' \
    ul commit -b x --retarget-whiteouts --tree=dir=two --tree=dir=one
else
  skip "a whiteout and its name" "no 0:0 devices here"
fi

# A dirtree that holds itself, a commit that is its own ancestor
"$UNDERLAY" init --repo=loop
"$UNDERLAY" --repo=loop commit -b main tree >/dev/null
dirtree () { local c; c=$("$UNDERLAY" --repo=loop ls -dC main "$1" | awk '{ print $5 }'); echo "loop/objects/${c:0:2}/${c:2}.dirtree"; }
cp "$(dirtree /)" "$(dirtree /d).new" && mv "$(dirtree /d).new" "$(dirtree /d)"
loop () { timeout 20 "$UNDERLAY" --repo=loop "$@"; }
fails_with "ls of a tree that holds itself" 'corrupt object [0-9a-f]{64}\.dirtree: its checksum is' loop ls -R main
fails_with "checkout of it" 'corrupt object [0-9a-f]{64}\.dirtree: its checksum is' loop checkout main out.loop
fails_with "export of it" 'corrupt object [0-9a-f]{64}\.dirtree: its checksum is' eval 'loop export main >/dev/null'
sevens=$(printf '07%.0s' {1..32})
c=$("$UNDERLAY" --repo=loop commit --orphan --parent="$sevens" tree)
mkdir -p loop/objects/07 && cp "loop/objects/${c:0:2}/${c:2}.commit" "loop/objects/07/${sevens:2}.commit"
fails_with "the log of a commit that is its own ancestor" "corrupt object $sevens.commit: its checksum is $c" eval 'loop log $c >/dev/null'

# A limit of a file's size is an error like any other
head -c 300000 /dev/urandom >tree/large
fails_with "ulimit -f" 'File too large' bash -c 'ulimit -f 100; exec "$UNDERLAY" --repo=repo commit -b limited tree'
is "leaves nothing" "$(find repo/tmp -name 'staging-*')" ""

# A name of a setting that couldn't be read back
fails_with "a key that isn't UTF-8" "^error: Invalid key name" ul config set $'core.a\xff' x
fails_with "nor its group" "--group" ul config --group=$'a\xff' set x x
ok "it can be read" ul refs

# What is missing of a partial commit isn't missing of another then
"$UNDERLAY" init --repo=partial --mode=archive
"$UNDERLAY" --repo=partial pull-local -q --commit-metadata-only repo main
fails_with "a partial commit as a tree" '^error: main: the commit is partial' "$UNDERLAY" --repo=partial commit -b x --tree=ref=main
fails_with "or as a base" '^error: main: the commit is partial' "$UNDERLAY" --repo=partial commit -b x --base=main --tree=dir=tree

done_testing
