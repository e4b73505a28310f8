#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# ls, cat and checksum

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

u init --mode=archive
mkdir -p tree/etc/deep tree/usr/bin
echo conf >tree/etc/conf
setfattr -n user.key -v val tree/etc/conf
echo prog >tree/usr/bin/prog
chmod 4755 tree/usr/bin/prog
ln -s ../usr/bin/prog tree/etc/up
ln -s /etc/conf tree/etc/abs
ln -s deep/../conf tree/etc/via
ln -s loop tree/etc/loop
ln -s ../.. tree/etc/out
touch tree/top $'tree/new\nline'
c=$(u commit -b main --owner-uid=7 --owner-gid=8 --timestamp=@1 tree)

# --- ls

is "the root and what is in it, files first" "$(u ls main)" "d00755 7 8      0 /
-00644 7 8      0 /new
line
-00644 7 8      0 /top
d00755 7 8      0 /etc
d00755 7 8      0 /usr"
is "-d" "$(u ls -d main)" "d00755 7 8      0 /"
is "a directory" "$(u ls main /usr)" "d00755 7 8      0 /usr
d00755 7 8      0 /usr/bin"
is "-R" "$(u ls -R main /usr)" "d00755 7 8      0 /usr
d00755 7 8      0 /usr/bin
-04755 7 8      5 /usr/bin/prog"
is "a symlink" "$(u ls main /etc/up)" "l00777 7 8      0 /etc/up -> ../usr/bin/prog"
is "several" "$(u ls -d main /etc /top)" $'d00755 7 8      0 /etc\n-00644 7 8      0 /top'
is "a path without the leading slash" "$(u ls -d main etc)" "d00755 7 8      0 /etc"
is "more slashes than needed" "$(u ls -d main //etc/./deep/)" "d00755 7 8      0 /etc/deep"
is "by checksum" "$(u ls -d "$c")" "d00755 7 8      0 /"
like "-C of a file" "$(u ls -C main /top)" "^-00644 7 8      0 [0-9a-f]{64} /top$"
like "-C of a directory" "$(u ls -dC main /usr)" "^d00755 7 8      0 [0-9a-f]{64} [0-9a-f]{64} /usr$"
is "-X" "$(u ls -X main /etc/conf)" "-00644 7 8      5 { [(b'user.key', [byte 0x76, 0x61, 0x6c])] } /etc/conf"
is "-X of none" "$(u ls -X main /top)" "-00644 7 8      0 { @a(ayay) [] } /top"
is "--nul-filenames-only" "$(u ls --nul-filenames-only main | tr '\0\n' '|N')" "/|/newNline|/top|/etc|/usr|"
fails_with "no commit" "^error: An COMMIT argument is required$" u ls
fails_with "no such commit" "Refspec 'nope' not found" u ls nope
fails_with "no such path" "^error: Inspecting path '/nope': No such file or directory: /nope$" u ls main /nope
fails_with "the first that is missing" "No such file or directory: /no$" u ls main /no/such/path
fails_with "a file is no directory" "^error: Inspecting path '/top/x': Not a directory" u ls main /top/x
fails_with "a symlink is not followed" "Not a directory" u ls main /etc/up/x
fails_with "nothing above the root" "No such file or directory: /\.\." u ls main /../etc
run u ls main /top /nope
is "what was before is printed" "$status $out" "1 -00644 7 8      0 /top"
tree=$(u ls -dC main | awk '{print $5}')
fails_with "a checksum of no commit" "No such metadata object $tree.commit" u ls "$tree"

# --- cat

is "a file" "$(u cat main /etc/conf)" conf
is "several" "$(u cat main etc/conf /usr/bin/prog)" $'conf\nprog'
is "through a symlink" "$(u cat main /etc/up)" prog
is "an absolute one" "$(u cat main /etc/abs)" conf
is "with .. in it" "$(u cat main /etc/via)" conf
is "not out of the commit" "$(u cat main /etc/out/../etc/conf)" conf
fails_with "a loop" "Too many levels of symbolic links" u cat main /etc/loop
fails_with "a directory" "Is a directory: /etc" u cat main /etc
fails_with "nothing there" "^error: No such file or directory: /nope$" u cat main /nope
fails_with "a file as directory" "Not a directory: /top" u cat main /top/x
fails_with "no path" "^error: A COMMIT and at least one PATH argument are required$" u cat main
fails_with "nothing" "^error: A COMMIT and at least one PATH argument are required$" u cat
head -c 3000000 /dev/urandom >tree/big
u commit -q -b main tree >out.log
u cat main /big >big
ok "a large file comes out as it went in" cmp big tree/big

# --- checksum

k () { "$UNDERLAY" checksum "$@"; }
u commit -q -b sums tree >out.log
is "a file has the checksum of its object" "$(k tree/etc/conf)" "$(u ls -C sums /etc/conf | awk '{print $5}')"
is "a symlink too" "$(k tree/etc/up)" "$(u ls -C sums /etc/up | awk '{print $5}')"
is "a directory that of its dirmeta" "$(k tree/etc)" "$(u ls -dC sums /etc | awk '{print $6}')"
isnt "--ignore-xattrs" "$(k --ignore-xattrs tree/etc/conf)" "$(k tree/etc/conf)"
setfattr -x user.key tree/etc/conf
is "is that of the file without them" "$(k --ignore-xattrs tree/etc/conf)" "$(k tree/etc/conf)"
fails_with "no file" "^error: A filename must be given$" k
fails_with "two files" "^error: Too many arguments given$" k tree/top tree/top
fails_with "no such file" "nofile" k nofile
fails_with "--repo makes no sense" "Unknown option --repo" k --repo=r tree/top

# --- deep

# Each directory on the way is read once. Counted, not timed: the kernel adds the calls of children
# that have ended to those of the shell.
reads () { awk '$1 == "syscr:" { print $2 }' "/proc/$1/io"; }
reads_of () {
  local pid=$BASHPID before
  before=$(reads "$pid")
  run u "$@"
  echo "$(($(reads "$pid") - before))"
}
deep=d$(printf '/d%.0s' {1..299})
mkdir -p "under/$deep"
echo deepest >"under/$deep/file"
ln -s ../d/./d/file "under/${deep%/d}/link"
u commit -b deep under >/dev/null
is "a file 300 levels down" "$(u cat deep "$deep/file")" deepest
is "and through a link" "$(u cat deep "${deep%/d}/link")" deepest
is "and up and down again" "$(u cat deep "$deep/../../../d/d/d/file")" deepest
if [ -r /proc/self/io ]; then
  for words in "cat deep $deep/file" "ls deep $deep" "ls deep $deep/none" "cat deep $deep/none" \
    "cat deep $deep/file/none"; do
    # shellcheck disable=SC2086
    n=$(reads_of $words)
    diag "$n reads"
    ok "${words%%/*}/...${words#*"$deep"} reads each directory once" test "$n" -lt 1000
  done
else
  skip "each directory is read once" "no /proc/self/io"
fi

# --- damage

sum=$(u ls -C main /top | awk '{print $5}')
rm "r/objects/${sum:0:2}/${sum:2}.filez"
fails_with "ls of a missing object" "^error: .*$sum" u ls main /top
fails_with "cat of a missing object" "^error: .*$sum" u cat main /top
is "names need no file objects" "$(u ls --nul-filenames-only main /top | tr '\0' ' ')" "/top "

done_testing
