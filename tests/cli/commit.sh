#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# commit as a command: its options and their mistakes. What a commit holds is tested in tests/build and
# tests/compat.

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }
# commit of tree to main with a fixed time
c () { u commit -b main --timestamp=@1 "$@" tree; }
mode_of () { u ls -d main "$1" | cut -c1-6; }
meta () { u show --print-metadata-key="$1" main; }
date_of () { u show "$(u commit --orphan --timestamp="$1" tree)" | sed -n 's/^Date:  //p'; }

# An archive keeps any owner, whoever commits.
u init --mode=archive
mkdir -p tree/etc tree/usr
echo conf >tree/etc/conf
echo "sp ace" >"tree/etc/sp ace"
echo prog >tree/usr/prog
chmod 755 tree/usr/prog
ln -s conf tree/etc/link

# --- what is committed

ok "a directory" u commit -b main tree
like "prints the checksum alone" "$out" "^[0-9a-f]{64}$"
is "which is what the branch names" "$out" "$(u rev-parse main)"
is "nothing on stderr" "$err" ""
root () { u ls -dRC main | cut -d' ' -f5- | sort; }
want=$(root)
ok "--tree=dir=" u commit -b main --tree=dir=tree
is "is the same tree" "$(root)" "$want"
ok "the current directory" env -C tree "$UNDERLAY" --repo=../r commit -b main
is "is the same tree" "$(root)" "$want"
mkdir over && echo new >over/added
ok "two trees" u commit -b main --tree=dir=tree --tree=dir=over
is "one over the other" "$(u cat main /added /etc/conf)" $'new\nconf'
ok "--base" u commit -b main --base=main --tree=dir=over
is "keeps what is there" "$(u cat main /etc/conf /added)" $'conf\nnew'
fails_with "a tree that isn't there" "^error: .*nope" u commit -b main nope
fails_with "a file" "^error: .*conf" u commit -b main tree/etc/conf
fails_with "--tree of no type" "Missing type in tree specification 'tree'" u commit -b main --tree=tree
fails_with "--tree of a wrong type" "Invalid tree type specification 'foo'" u commit -b main --tree=foo=tree
fails_with "PATH and --tree" "Unexpected argument 'tree'" u commit -b main --tree=dir=tree tree
fails_with "two paths" "Unexpected argument 'over'" u commit -b main tree over
fails_with "no such base" "Refspec 'nope' not found" u commit -b main --base=nope tree

# --- where it goes

fails_with "no branch" "^error: A branch must be specified with --branch, or use --orphan$" u commit tree
ok "--orphan" u commit --orphan tree
is "writes no ref" "$(u refs)" main
fails_with "an invalid branch" "Invalid refspec a b" u commit -b 'a b' tree
ok "the branch is the parent" c -s child
is "of what comes next" "$(u rev-parse main^)" "$(c -s next >/dev/null && u rev-parse main^^)"
ok "--parent=none" c --parent=none
fails_with "begins anew" "has no parent" u rev-parse main^
one=$(u rev-parse main)
ok "--parent=CHECKSUM" u commit -b other --parent="$one" tree
is "is the parent" "$(u rev-parse other^)" "$one"
fails_with "--parent of nothing" "nope" u commit -b other --parent=nope tree
ok "--skip-if-unchanged" c --skip-if-unchanged
is "gives the parent" "$out" "$one"
echo changed >tree/etc/conf
isnt "unless something is changed" "$(c --skip-if-unchanged)" "$one"
echo conf >tree/etc/conf
c --parent=none >out.log
is "the branch is bound" "$(meta ostree.ref-binding)" "['main']"
c --bind-ref=z --bind-ref=a >out.log
is "--bind-ref adds, sorted" "$(meta ostree.ref-binding)" "['a', 'main', 'z']"
c --no-bindings >out.log
fails_with "--no-bindings" "No such metadata key" meta ostree.ref-binding
is "--table-output" "$(u commit -b table --timestamp=@1 --parent=none --table-output tree | sed 's/[0-9a-f]\{64\}/SUM/; s/[0-9][0-9]*/N/')" \
"Commit: SUM
Metadata Total: N
Metadata Written: N
Content Total: N
Content Written: N
Content Cache Hits: N
Content Bytes Written: N"
run u commit -b table --timestamp=@1 --parent=none --table-output tree
table=$out
run u commit -b json --timestamp=@1 --parent=none --no-bindings --json tree
json_keys () { python3 -c 'import json, sys; d = json.loads(sys.argv[1]); print(*d); print(*[d[k] for k in sys.argv[2:]])' "$out" "$@"; }
is "--json" "$(json_keys commit unchanged content_total content_written)" \
"commit unchanged metadata_total metadata_written content_total content_written content_cache_hits content_bytes_written
$(u rev-parse json) False $(sed -n 's/^Content Total: //p' <<<"$table") 0"
run u commit -b json --skip-if-unchanged --no-bindings --json tree
is "--json, unchanged" "$(json_keys commit unchanged | tail -1)" "$(u rev-parse json) True"
fails_with "--json with --table-output" "exclude each other" u commit -b json --json --table-output tree

# --- message

message () { u show main | sed -n '/^$/,$p; /^(no/p'; }
c -s Subject -m $'Body\nof two' >out.log
is "-s and -m" "$(message)" $'\n    Subject\n\n    Body\n    of two'
printf '  kept as\nit is\n' >body
c -s Subject -F body >out.log
is "-F" "$(message)" $'\n    Subject\n\n      kept as\n    it is'
c -s Subject -m gone -F body >out.log
is "-F goes before -m" "$(message)" $'\n    Subject\n\n      kept as\n    it is'
fails_with "-F of nothing" "nofile: No such file" c -F nofile
c -s Subject -F <(echo "from a pipe") >out.log
is "-F of a pipe" "$(message)" $'\n    Subject\n\n    from a pipe'
printf '\xff' >latin
fails_with "-F not UTF-8" "'latin' is not valid UTF-8" c -F latin
fails_with "-s not UTF-8" "-s is not valid UTF-8" c -s $'\xff'

cat >fake-editor <<'E'
#!/bin/sh
for last; do :; done
cp "$last" seen
printf "$MESSAGE" >"$last"
exit ${STATUS:-0}
E
chmod +x fake-editor
e () { MESSAGE=$1 EDITOR=$T/fake-editor c -e "${@:2}" >out.log; }
e $'Subject\n\nBody\n\nmore\n'
is "--editor" "$(message)" $'\n    Subject\n\n    Body\n    \n    more'
like "the template explains" "$(cat seen)" "# Please enter the commit message"
like "names the branch" "$(cat seen)" "# Branch: main"
e $'# comment\n\n\nSubject  \n# comment\nBody  \n\n\n# comment\n\n\n'
is "comments and empty lines around are dropped" "$(message)" $'\n    Subject\n\n    Body'
e $'Only\n' -s Given -m "Given body"
like "-s and -m are offered" "$(cat seen)" ^Given$'\n\n'"Given body"$'\n'
before=$(u rev-parse main)
fails_with "an empty message aborts" "Aborting commit due to empty commit subject" env MESSAGE= EDITOR="$T/fake-editor" "$UNDERLAY" --repo=r commit -b main -e tree
fails_with "a failing editor" "problem with the editor '.*fake-editor'.*3" env STATUS=3 MESSAGE=x EDITOR="$T/fake-editor" "$UNDERLAY" --repo=r commit -b main -e tree
is "neither committed" "$(u rev-parse main)" "$before"
OSTREE_EDITOR="$T/fake-editor --with 'an argument'" VISUAL=false EDITOR=false MESSAGE=First c -e >out.log
is "OSTREE_EDITOR goes first, with arguments" "$(message)" $'\n    First'
OSTREE_EDITOR='' VISUAL=$T/fake-editor EDITOR=false MESSAGE=Second c -e >out.log
is "then VISUAL" "$(message)" $'\n    Second'
# --- metadata

c --add-metadata-string=key=a=b --add-metadata="n=uint32 7" --add-metadata="list=[1, 2]" >out.log
is "--add-metadata-string" "$(meta key)" "'a=b'"
is "--add-metadata" "$(u show -B --print-metadata-key=n main)" "uint32 7"
is "an array" "$(u show -B --print-metadata-key=list main)" "[1, 2]"
ok "--keep-metadata" c --keep-metadata=key --keep-metadata=n
is "keeps" "$(meta key) $(u show -B --print-metadata-key=n main)" "'a=b' uint32 7"
fails_with "of what isn't there" "Missing metadata key 'nope'" c --keep-metadata=nope
fails_with "without a parent" "Either --branch or --parent" u commit --orphan --keep-metadata=key tree
fails_with "nor has an orphan one" "Either --branch or --parent" \
           c --orphan --keep-metadata=key --add-metadata-string=key=given
fails_with "no value" "^error: Missing '=' in KEY=VALUE metadata 'key'$" c --add-metadata-string=key
fails_with "no key" "^error: Empty metadata key$" c --add-metadata-string==x
fails_with "no GVariant" "^error: Parsing key=bar: " c --add-metadata=key=bar
fails_with "more than a GVariant" "^error: Parsing key='a' b: " c --add-metadata="key='a' b"
c --add-detached-metadata-string=note=seen >out.log
is "--add-detached-metadata-string" "$(u show --print-detached-metadata-key=note main)" "'seen'"
fails_with "no value there" "Missing '='" c --add-detached-metadata-string=note

# --- time

is "@SECONDS" "$(date_of @1600000000)" "2020-09-13 12:26:40 +0000"
is "before 1970" "$(date_of @-5)" "1969-12-31 23:59:55 +0000"
is "a fraction" "$(date_of @1.7)" "1970-01-01 00:00:01 +0000"
is "ISO 8601" "$(date_of 2020-01-02T03:04:05Z)" "2020-01-02 03:04:05 +0000"
is "with a zone" "$(date_of 2020-01-02T03:04:05+02:00)" "2020-01-02 01:04:05 +0000"
is "without one it is local" "$(TZ=Asia/Tokyo date_of '2020-01-02 09:00:00')" "2020-01-02 00:00:00 +0000"
is "a date alone" "$(date_of 2020-01-02)" "2020-01-02 00:00:00 +0000"
is "as in a mail" "$(date_of 'Thu, 02 Jan 2020 10:00:00 +0200')" "2020-01-02 08:00:00 +0000"
like "relative" "$(date_of '1 day ago')" "^$(date -u -d '1 day ago' '+%Y-%m-%d %H')"
for bad in bogus @ @x @1x 1600000000 2020-13-01 '2020-01-01 25:00' @99999999999999999999; do
  fails_with "not '$bad'" "^error: Could not parse '$bad'$" u commit --orphan --timestamp="$bad" tree
done

for bad in @9223372036854775807 @253402300800 @-99999999999999; do
  fails_with "'$bad' is no date" "^error: '$bad' is not between the years 1 and 9999$" u commit --orphan --timestamp="$bad" tree
done

# --- owners and permissions

c --owner-uid=5 --owner-gid=6 >out.log
is "--owner-uid, --owner-gid" "$(u ls -d main /etc | cut -d' ' -f2,3)" "5 6"
c --owner-uid=0 --owner-gid=4294967294 >out.log
is "0 is an owner, and ids have 32 bits" "$(u ls -d main /etc | cut -d' ' -f2,3)" "0 4294967294"
for bad in -1 x 0x10 4294967295 ''; do
  fails_with "--owner-uid='$bad'" "Cannot parse '$bad' for --owner-uid" c --owner-uid="$bad"
done
printf '%s\n' '2048 /usr/prog' '=384 /etc/conf' '' '64 /etc/sp ace' '=0x1c0 /etc' >so
ok "--statoverride" c --statoverride=so
is "ORs" "$(mode_of /usr/prog)" -04755
is "sets with =" "$(mode_of /etc/conf)" -00600
is "spaces in names" "$(mode_of '/etc/sp ace')" -00744
is "directories too" "$(mode_of /etc)" d00700
printf '%s\n' '64 /etc/conf' '=384 /etc/conf' >so
c --statoverride=so >out.log
is "of both for one path the mode to add counts, as with ostree" "$(mode_of /etc/conf)" -00744
echo '64 /nope' >so
fails_with "a path that isn't there" "^error: .*/nope" c --statoverride=so
echo 64 >so
fails_with "no path" "^error: so:1: Malformed statoverride file \(no space found\)$" c --statoverride=so
printf '\nrwx /etc\n' >so
fails_with "no mode" "^error: so:2: Malformed statoverride file \('rwx' is no mode\)$" c --statoverride=so
fails_with "no file" "nofile: No such file" c --statoverride=nofile

# --- what is left out

printf '%s\n' /etc/conf '' '/etc/sp ace' /usr >skip
ok "--skip-list" c --skip-list=skip
is "leaves them out" "$(u ls -R main | sed 's,^[^/]*/,/,' | tr '\n' ' ')" "/ /etc /etc/link -> conf "
echo etc/conf >skip
fails_with "a path that isn't there" "^error: .*etc/conf" c --skip-list=skip
fails_with "no file" "nofile: No such file" c --skip-list=nofile
mkfifo tree/fifo
fails_with "a FIFO" "^error: .*/fifo" c
fails_with "--devices=error is that" "^error: .*/fifo" c --devices=error
ok "--devices=skip" c --devices=skip
fails_with "skips it" "No such file or directory: /fifo" u ls main /fifo
fails_with "--devices=else" "--devices must be error or skip, not 'else'" c --devices=else
rm tree/fifo

# --- how

for yes in yes true 1 YES; do ok "--fsync=$yes" c --fsync="$yes"; done
for no in no false 0 none; do ok "--fsync=$no" c --fsync="$no"; done
fails_with "--fsync=bogus" "^error: Invalid boolean argument 'bogus'$" c --fsync=bogus
for j in 1 2 7; do is "--jobs=$j" "$(c --parent=none -s same --jobs="$j")" "$(c --parent=none -s same)"; done
cp -a tree gone
ok "--consume" u commit -b consumed --consume gone
nok "removes the tree" test -e gone
is "that is in the commit" "$(u cat consumed /etc/conf)" conf
ok "--no-xattrs" bash -c "setfattr -n user.k -v v tree/etc/conf; '$UNDERLAY' --repo=r commit -b main --no-xattrs tree"
is "none are in the commit" "$(u ls -X main /etc/conf | grep -c user.k || true)" 0

done_testing
