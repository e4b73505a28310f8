# SPDX-License-Identifier: LGPL-2.1-or-later
# Is this directory still what was checked out?
. "$(dirname "$0")/../lib/tap.sh"

mkdir -p tree/etc tree/usr/bin tree/usr/share
echo 'the host' >tree/etc/hostname
echo 'a program' >tree/usr/bin/program
echo 'words' >tree/usr/share/words
ln -s program tree/usr/bin/alias
"$UNDERLAY" init --repo=repo --mode=bare-user
commit=$("$UNDERLAY" --repo=repo commit -b main tree)
"$UNDERLAY" --repo=repo checkout -U main out

run "$UNDERLAY" --repo=repo verify -U out main
is "a fresh checkout is the commit" "$status/$out/$err" "0//"
ok "also when everything is read" "$UNDERLAY" --repo=repo verify -U --full out main
ok "the commit may be given by checksum" "$UNDERLAY" --repo=repo verify -U out "$commit"
ok "a part of it" "$UNDERLAY" --repo=repo verify -U --subpath=/usr out/usr main

# Somebody works in it.
sed -i s/host/HOST/ out/etc/hostname
chmod 700 out/usr/share
rm out/usr/bin/alias
mkdir -p out/srv/data
echo mine >out/srv/data/mine
run "$UNDERLAY" --repo=repo verify -U out main
is "differences have status 1" "$status" 1
is "and a line each, in path order" "$out" 'M    /etc/hostname: content
A    /srv
D    /usr/bin/alias
M    /usr/share: mode'
is "the error counts them" "$err" "error: out is not commit $commit: 4 differences"
run "$UNDERLAY" --repo=repo verify -U -q out main
is "--quiet leaves the status" "$status/$out" "1/"
run "$UNDERLAY" --repo=repo verify -U --json out main
is "--json has the same" "$(jq -c '[.same, .commit, (.findings[] | [.kind, .path, .differs, .message])]' <<<"$out")" \
  "[false,\"$commit\",[\"modified\",\"/etc/hostname\",[\"content\"],null],[\"added\",\"/srv\",[],null],[\"removed\",\"/usr/bin/alias\",[],null],[\"modified\",\"/usr/share\",[\"mode\"],null]]"

# Sizes and times prove nothing.
"$UNDERLAY" --repo=repo checkout -U -C main copy
touch -r copy/usr/share/words stamp
printf 'WORDS\n' >copy/usr/share/words
touch -r stamp copy/usr/share/words
run "$UNDERLAY" --repo=repo verify -U copy main
is "the same size and time, other content" "$out" 'M    /usr/share/words: content'

# A hardlink is the object; whether that is sound is found out by reading it.
"$UNDERLAY" --repo=repo checkout -U main link
printf 'WORDS\n' >link/usr/share/words
ok "written through a hardlink: a look doesn't find it" "$UNDERLAY" --repo=repo verify -U link main
run "$UNDERLAY" --repo=repo verify -U --full link main
is "--full does" "$status/$out" '1/M    /usr/share/words: object'

# Names that want to be more than names.
"$UNDERLAY" --repo=repo checkout -U --subpath=/etc main names
touch 'names/two
lines' $'names/\x1b[31mred' $'names/\xff'
run "$UNDERLAY" --repo=repo verify -U --subpath=/etc names main
is "strange names are escaped" "$out" 'A    /\x1b[31mred
A    /two\nlines
A    /\xff'
"$UNDERLAY" --repo=repo verify -U --subpath=/etc --json names main >json 2>err || true
is "JSON has them as they are, if they are text" "$(jq -r '.findings[1].path' json)" '/two
lines'

# Could not be checked: neither yes nor no.
status2 ()
{
  local name=$1 re=$2
  shift 2
  run "$@"
  is "$name: status 2" "$status" 2
  like "$name: says why" "$err" "$re"
}
status2 "no such commit" '^error: .*nothing' "$UNDERLAY" --repo=repo verify out nothing
status2 "no such directory" '^error: verify nowhere: .*No such file' "$UNDERLAY" --repo=repo verify nowhere main
status2 "no such subpath" 'No such file or directory: /x$' "$UNDERLAY" --repo=repo verify --subpath=x out main
status2 "no directory" 'Not a directory' "$UNDERLAY" --repo=repo verify stamp main
"$UNDERLAY" --repo=repo checkout -U main partial
rm partial/usr/bin/alias
ln -s program partial/usr/bin/alias
object=$(find repo/objects -name '*.file' -printf '%i %p\n' | grep "^$(stat -c %i partial/etc/hostname) " | cut -d' ' -f2)
cp partial/etc/hostname new
mv new partial/etc/hostname
mv "$object" away
status2 "an object is missing" 'partial may be commit .*: 1 not checked' "$UNDERLAY" --repo=repo verify -U partial main
like "and the line names it" "$out" '^\?    /etc/hostname: No such file object [0-9a-f]{64}'
is "null in JSON" "$("$UNDERLAY" --repo=repo verify -U --json partial main 2>/dev/null | jq .same)" null

fails_with "a commit is needed" "DIR and COMMIT must be specified" "$UNDERLAY" --repo=repo verify out
fails_with "one only" "Unexpected argument 'x'" "$UNDERLAY" --repo=repo verify out main x

done_testing
