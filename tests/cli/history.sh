#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# log and show

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }

u init
mkdir tree
echo one >tree/file
ln -s file tree/link
setfattr -n user.key -v value tree/file
one=$(u commit -b main -s First -m $'body\n\n  indented' --timestamp='2020-01-02T03:04:05Z' \
        --add-metadata-string=version=1.0 --add-metadata='n=uint32 5' tree)
two=$(u commit -b main --timestamp=@1600000000 --add-detached-metadata-string=note=seen tree)

# --- log

first="commit $one
ContentChecksum:  $(u show "$one" | sed -n 's/ContentChecksum:  //p')
Date:  2020-01-02 03:04:05 +0000
Version: 1.0

    First

    body
    
      indented
"
second="commit $two
Parent:  $one
ContentChecksum:  $(u show "$two" | sed -n 's/ContentChecksum:  //p')
Date:  2020-09-13 12:26:40 +0000
(no subject)
"
like "a content checksum" "$(u show "$one")" "ContentChecksum:  [0-9a-f]{64}"
is "log" "$(u log main)" "$second"$'\n'"${first%$'\n'}"
is "log from the middle" "$(u log main^)" "${first%$'\n'}"
is "times are UTC" "$(TZ=Asia/Tokyo u log main^ | grep Date)" "Date:  2020-01-02 03:04:05 +0000"
like "log --raw" "$(u log --raw main^)" "^commit $one"$'\n'"\(.*'First', 'body"
fails_with "no rev" "^error: A rev argument is required$" u log
fails_with "two revs" "^error: Too many arguments given$" u log main main
fails_with "no such rev" "Refspec 'nope' not found" u log nope
fails_with "no such commit" "No such metadata object .*commit" u log "${one//[1-9]/0}"

# --- show

is "a ref" "$(u show main)" "${second%$'\n'}"
is "a checksum" "$(u show "$one")" "${first%$'\n'}"
like "--raw" "$(u show --raw main)" "^commit $two"$'\n'"\("
unlike "--raw shows only that" "$(u show --raw main)" "Date:"
like "-B shows both" "$(u show -B main)" $'\n'"\(.*Date:"
is "--print-metadata-key" "$(u show --print-metadata-key=version "$one")" "'1.0'"
is "integers are taken for big-endian" "$(u show --print-metadata-key=n "$one")" "uint32 83886080"
is "-B takes them as they are" "$(u show -B --print-metadata-key=n "$one")" "uint32 5"
fails_with "no such key" "^error: No such metadata key 'nope'$" u show --print-metadata-key=nope main
is "--print-detached-metadata-key" "$(u show --print-detached-metadata-key=note main)" "'seen'"
fails_with "no such detached key" "No such metadata key 'nope'" u show --print-detached-metadata-key=nope main
fails_with "no detached metadata" "No detached metadata for commit $one" \
           u show --print-detached-metadata-key=note "$one"
is "--print-related of nothing" "$(u show --print-related main)" ""

tree=$(u ls -dC main | awk '{print $5}')
meta=$(u ls -dC main | awk '{print $6}')
file=$(u ls -C main /file | awk '{print $5}')
link=$(u ls -C main /link | awk '{print $5}')
is "a dirtree" "$(u show "$tree")" "dirtree $tree"
like "--raw" "$(u show --raw "$tree")" "\(\[\('file', \[byte 0x"
is "a dirmeta" "$(u show --raw "$meta")" "dirmeta $meta"$'\n'"(uint32 $(stat -c %u tree), uint32 $(stat -c %g tree), uint32 16877, @a(ayay) [])"
like "a file" "$(u show "$file")" "Type: file"$'\n'"File Type: regular"$'\n'"Size: 4"$'\n'"Mode: 0100644"
like "with its xattrs" "$(u show "$file")" "\(b'user.key', \[byte 0x76"
like "a symlink" "$(u show "$link")" "File Type: symlink"$'\n'"Target: file"$'\n'"Mode: 0120777"
fails_with "no such object" "Couldn't find file object '0000" u show "$(printf '0%.0s' {1..64})"
fails_with "no object" "^error: An object argument is required$" u show
fails_with "two objects" "^error: Too many arguments given$" u show main main

is "--print-variant-type of a file" \
   "$(u show --print-variant-type='(uuua(ayay))' "r/objects/${meta:0:2}/${meta:2}.dirmeta")" \
   "$(u show --raw "$meta" | tail -n 1)"
fails_with "of a file that isn't there" "nofile: No such file" u show --print-variant-type=s nofile
fails_with "an invalid type" "'\(bad' is no GVariant type" u show --print-variant-type='(bad' r/config
fails_with "an indefinite type" "'a\*' is no GVariant type" u show '--print-variant-type=a*' r/config

# --- a history that was not fetched whole

rm "r/objects/${one:0:2}/${one:2}.commit"
is "log ends there" "$(u log main | tail -n 1)" "<< History beyond this commit not fetched >>"
is "and is no failure" "$(u log main | grep -c ^commit)" 1

# --- damage

truncate -s 10 "r/objects/${two:0:2}/${two:2}.commit"
fails_with "log of a broken commit" "^error: .*$two" u log main
fails_with "show of a broken commit" "^error: .*$two" u show main

done_testing
