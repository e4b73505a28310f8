#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Bash completion: in step with the command table, and what it offers where

. "$(dirname "$0")/../lib/tap.sh"

mkdir bin && ln -s "$UNDERLAY" bin/underlay
PATH=$T/bin:$PATH
export PATH

# Complete the line $1 in a bash of its own, as readline would: the offers, sorted, on one line.
cat >complete-line <<'E'
. "$SRC/bash-completion/underlay"
compopt () { :; }
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
# Readline splits at blanks, and at `=` and `:` on their own.
COMP_WORDS=()
rest=$COMP_LINE
while [ -n "$rest" ]; do
  case $rest in
    ' '*) rest=${rest# } ; [ -n "$rest" ] || COMP_WORDS+=('') ;;
    [=:]*) COMP_WORDS+=("${rest:0:1}"); rest=${rest:1} ;;
    *) w=${rest%%[ =:]*}; COMP_WORDS+=("$w"); rest=${rest#"$w"} ;;
  esac
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_underlay underlay
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' | sed 's/  */ /g; s/^ //; s/ $//'
E
offers () { bash complete-line "$1"; }

table=$("$UNDERLAY" --dump-commands)
mapfile -t verbs < <(awk -F '\t' '$1 == "verb" { print $2 }' <<<"$table" | sort)
first_words=$(printf '%s\n' "${verbs[@]%% *}" | sort -u | tr '\n' ' ' | sed 's/ $//')
like "there are verbs" "${verbs[*]}" "checkout.*commit"
is "every verb" "$(offers 'underlay ')" "$first_words"
is "the beginning of one" "$(offers 'underlay comm')" commit
is "several that begin so" "$(offers 'underlay check')" "checkout checksum"
is "behind an option" "$(offers 'underlay --repo=r comm')" commit
is "behind an option with its value" "$(offers 'underlay --repo r comm')" commit

for verb in "${verbs[@]}"; do
  read -r -a verb_words <<<"$verb"
  want=$(awk -F '\t' -v v="$verb" '$1 == "option" && $2 == v { print $3 ($5 == "-" || $5 ~ /^\[/ ? "" : "=") }' <<<"$table" | sort | tr '\n' ' ' | sed 's/ $//')
  is "every option of $verb" "$(offers "underlay $verb --")" "$want"
  # --help is where a user sees them: nothing may be in one and not in the other
  is "as in --help of $verb" "$("$UNDERLAY" "${verb_words[@]}" --help | grep -oE '^  (-., )?--[a-z-]+' | grep -o -- '--.*' | sort | tr '\n' ' ')" \
     "$(tr ' ' '\n' <<<"${want//=/}" | sort | tr '\n' ' ')"
done
is "options of the program" "$(offers 'underlay --')" "--help --jobs= --repo= --verbose --version"
is "an option before the verb" "$(offers 'underlay -R ls --dir')" --dironly

mkdir -p sources/one
is "an optional value behind =" "$(offers 'underlay fsck --repair=sources/')" "sources/one"
is "and not in the next word" "$(offers 'underlay fsck --repair --add-t')" "--add-tombstones"

is "values behind =" "$(offers 'underlay init --mode=bare-')" "bare-split-xattrs bare-user bare-user-only"
is "all values" "$(offers 'underlay init --mode=')" "archive bare bare-split-xattrs bare-user bare-user-only"
is "values in the next word" "$(offers 'underlay init --mode arch')" archive
is "of commit" "$(offers 'underlay commit --devices=')" "error skip"
is "a kind of tree" "$(offers 'underlay commit --tree=')" "dir= ref= tar="
is "words for an argument" "$(offers 'underlay config ')" "get set unset"

"$UNDERLAY" init --repo=r
mkdir -p some/dir some/sub && touch some/file
"$UNDERLAY" commit --repo=r -b main some >out.log
for ref in dev/a dev/b rem:x; do "$UNDERLAY" refs --repo=r --create="$ref" main; done
is "refs" "$(offers 'underlay log --repo=r ')" "dev/a dev/b main rem:x"
is "refs that begin so" "$(offers 'underlay --repo=r ls dev/')" "dev/a dev/b"
is "refs of --repo in two words" "$(offers 'underlay ls --repo r ma')" main
is "a remote ref, only what is behind the colon" "$(offers 'underlay --repo=r show rem:')" x
is "refs for a letter's value" "$(offers 'underlay --repo=r commit -b dev')" "dev/a dev/b"
is "behind a bundle" "$(offers 'underlay --repo=r commit -Ib ma')" main
is "refs and a word" "$(offers 'underlay --repo=r commit --parent=')" "dev/a dev/b main none rem:x"
is "paths in the commit" "$(offers 'underlay --repo=r ls main /')" "/ /dir /file /sub"
is "below one" "$(offers 'underlay --repo=r cat main /fi')" /file
is "directories" "$(offers 'underlay --repo=r commit -b x some/')" "some/dir some/sub"
is "directories for a tree" "$(offers 'underlay --repo=r commit --tree=dir=some/')" "some/dir some/sub"
is "commits for a tree" "$(offers 'underlay --repo=r commit --tree=ref=dev')" "dev/a dev/b"
is "files" "$(offers 'underlay checksum some/')" "some/dir some/file some/sub"
"$UNDERLAY" init --repo=images --mode=bare-user
mktar layer.tar pax 'f|a|a'
mkimage layout 1 layer.tar >digest
for name in q.example/a:1 q.example/a:2 b; do "$UNDERLAY" image import --repo=images -q --name=$name oci:layout; done
is "images" "$(offers 'underlay image list --repo=images ')" "localhost/b:latest q.example/a:1 q.example/a:2"
is "images that begin so" "$(offers 'underlay --repo=images image list localhost/b:latest q')" "q.example/a:1 q.example/a:2"
is "tags, only what is behind the colon" "$(offers 'underlay image list --repo images q.example/a:')" "1 2"
is "where images come from" "$(offers 'underlay image import ')" "containers-storage: docker-archive: docker:// oci-archive: oci:"
is "a directory, only what is behind the colon" "$(offers 'underlay image import oci:some/')" "some/dir some/sub"
is "a file" "$(offers 'underlay image import oci-archive:some/f')" "some/file"
is "nothing of a registry" "$(offers 'underlay image import docker://q')" ""
is "where one goes to" "$(offers 'underlay image export --repo=images b oci')" "oci-archive: oci:"
is "and into what" "$(offers 'underlay image export --repo=images b oci:some/d')" "some/dir"
is "several commits" "$(offers 'underlay image build --repo=r --from=dev')" "dev/a dev/b"
is "the next one of them" "$(offers 'underlay image build --repo=r --from=main,dev')" "main,dev/a main,dev/b"
is "several images" "$(offers 'underlay commit --repo=images --image-store=/usr/lib/containers/storage=b,loc')" "b,localhost/b:latest"
is "nothing for free text" "$(offers 'underlay commit -s ')" ""
is "nothing without a repository" "$(offers 'underlay log ')" ""

# --- verbs of several words, in a table that has more

mkdir box && cat >box/underlay <<'E'
#!/bin/sh
"$UNDERLAY" "$@"
[ "$1" != --dump-commands ] || cat <<'T'
verb	box open	-	yes|no	Open a box
option	box open	--name	-n	NAME	one|two	A name
verb	box lid create	-	round|square	Make a lid
option	box lid create	--wide	-	-	-	Make it wide
verb	box lid cut	-	-	Cut it
verb	boxes	-	all	List boxes
T
E
chmod +x box/underlay
PATH=$T/box:$PATH
is "the first word, once" "$(offers 'underlay bo')" "box boxes"
is "the second" "$(offers 'underlay box ')" "lid open"
is "that begins so" "$(offers 'underlay box o')" open
is "the third" "$(offers 'underlay box lid c')" "create cut"
is "behind options between" "$(offers 'underlay --repo=r box --repo r lid -v cr')" create
is "none behind a word that isn't there" "$(offers 'underlay box bogus ')" ""
is "arguments" "$(offers 'underlay box open ')" "no yes"
is "arguments of three words" "$(offers 'underlay box lid --wide create s')" square
is "a verb that begins as others do" "$(offers 'underlay boxes ')" all
is "options" "$(offers 'underlay box lid create --')" --wide
is "values" "$(offers 'underlay box open --name t')" two
is "an option before the words" "$(offers 'underlay --name=one box open ye')" yes
is "options of the program without all of them" "$(offers 'underlay box lid --h')" --help

done_testing
