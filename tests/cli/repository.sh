#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# init and config

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" "$@"; }

# --- init

for mode in bare bare-user bare-user-only archive bare-split-xattrs; do
  ok "init --mode=$mode" u init --repo="r-$mode" --mode="$mode"
  is "prints nothing" "$out$err" ""
  stored=${mode/#archive/archive-z2}
  is "the configuration says so" "$(u config --repo="r-$mode" get core.mode)" "$stored"
  ok "once more is fine" u init --repo="r-$mode" --mode="$mode"
done
ok "the default is bare" u init --repo=plain
is "as the configuration says" "$(u config --repo=plain get core.mode)" bare
is "repo_version" "$(u config --repo=plain get core.repo_version)" 1
ok "parents are made" u init --repo=a/b/c
ok "init again without a mode keeps the mode" u init --repo=r-archive
is "it is the same" "$(u config --repo=r-archive get core.mode)" archive-z2
fails_with "another mode" "^error: " u init --repo=plain --mode=archive
is "leaves it as it was" "$(u config --repo=plain get core.mode)" bare
fails_with "unknown mode" "^error: Invalid mode 'bogus'" u init --repo=new --mode=bogus
nok "and makes nothing" test -e new
fails_with "empty mode" "Invalid mode ''" u init --repo=new --mode=
ok "archive-z2 is archive" u init --repo=z2 --mode=archive-z2
ok "--collection-id" u init --repo=coll --collection-id=org.example.Os
is "is stored" "$(u config --repo=coll get core.collection-id)" org.example.Os
fails_with "invalid collection ID" "Invalid collection ID bad" u init --repo=new --collection-id=bad
fails_with "an argument" "Unexpected argument 'extra'" u init --repo=new extra
fails_with "no repository named" "Command requires a --repo argument" u init
ok "init in a repository" env -C plain "$UNDERLAY" init
echo file >file
fails_with "in the way of a file" "^error: .*file" u init --repo=file
UNDERLAY_REPO=$T/from-env ok "init makes \$UNDERLAY_REPO" u init
ok "it is there" u refs --repo=from-env

# --- config

c () { "$UNDERLAY" config --repo=plain "$@"; }

ok "set" c set core.foo bar
is "get" "$(c get core.foo)" bar
is "get --group" "$(c get --group=core foo)" bar
ok "unset" c unset core.foo
fails_with "it is gone" "foo" c get core.foo
ok "unset of what isn't there" c unset core.foo
ok "unset in a group that isn't there" c unset none.foo
fails_with "get of a missing key" "nokey" c get core.nokey
fails_with "get in a missing group" "nogroup" c get nogroup.key
ok "a group with a space and quotes" c set 'remote "x".url' http://x
is "get" "$(c get 'remote "x".url')" http://x
ok "a group with a dot takes --group" c set --group='remote "y.z"' url 'http://y z'
is "get --group" "$(c get --group='remote "y.z"' url)" 'http://y z'
ok "only the first dot splits" c set a.b.c ' sp;ace '
is "spaces are kept" "$(c get a.b.c)" ' sp;ace '
ok "several lines" c set core.lines $'a\nb\\c'
is "come back" "$(c get core.lines)" $'a\nb\\c'
ok "an empty value" c set core.empty ''
is "comes back" "$(c get core.empty)" ''
fails_with "no operation" "^error: OPERATION must be specified$" c
fails_with "unknown operation" "^error: Unknown operation list$" c list
fails_with "get without a key" "^error: KEY must be specified$" c get
fails_with "set without a value" "^error: KEY and VALUE must be specified$" c set core.x
fails_with "--group without a key" "^error: Group name and key must be specified$" c get --group=core
fails_with "too many" "^error: Too many arguments given$" c get core.mode extra
fails_with "too many for set" "^error: Too many arguments given$" c set core.x y z
fails_with "a key without a group" "must be of the form \"sectionname.keyname\"" c get mode
fails_with "an empty key" "Invalid key name ''" c set core. x
fails_with "an empty group" "Invalid group name ''" c set .x y
fails_with "a key with an equals sign" "Invalid key name" c set 'core.a=b' y
fails_with "a group with a bracket" "Invalid group name" c set 'a].b' y
fails_with "a value that is not UTF-8" "not valid UTF-8" c set core.x $'\xff'
fails_with "a mode we don't know" "^error: " c set core.mode bogus
fails_with "a parent repository that isn't there" "parent repository /nowhere: .*No such file" c set core.parent /nowhere
fails_with "a size that is too large" "Value was too high" c set core.min-free-space-size 99999999999999999TB
fails_with "a version we don't know" "^error: " c set core.repo_version 2
is "neither was stored" "$(c get core.mode) $(c get core.repo_version)" "bare 1"
printf '# about this\n' | cat - plain/config >config.new && mv config.new plain/config
ok "set beside a comment" c set core.foo bar
like "keeps the comment" "$(cat plain/config)" "# about this"
u init --repo=empty
ok "another mode without objects" u config --repo=empty set core.mode archive
is "is the repository's" "$(u config --repo=empty get core.mode)" archive
mkdir content
u commit --repo=empty --orphan content >out.log
fails_with "not with objects" "has objects of mode 'archive" u config --repo=empty set core.mode bare
ok "the same mode, said again" u config --repo=empty set core.mode archive-z2

# --- what can't be opened

u init --repo=broken
sed -i s/mode=bare/mode=bogus/ broken/config
fails_with "unknown mode" "^error: opening repo: .*bogus" u refs --repo=broken
sed -i 's/mode=bogus/mode=bare/; s/repo_version=1/repo_version=2/' broken/config
fails_with "unknown version" "^error: opening repo: .*version.*2" u refs --repo=broken
sed -i 's/repo_version=2/repo_version=1/' broken/config
printf 'parent=/elsewhere\n' >>broken/config
fails_with "a parent repository" "^error: opening repo: parent repository /elsewhere: " u refs --repo=broken
: >broken/config
fails_with "empty configuration" "^error: opening repo: " u refs --repo=broken

done_testing
