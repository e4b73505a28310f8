#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The program as such: help, mistakes in words, what is refused, which repository is meant.

. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" "$@"; }

# --- help and version

ok "--help works" u --help
is "--help says nothing on stderr" "$err" ""
like "--help begins with the usage line" "$out" ^Usage:$'\n'"  underlay "
for verb in init config commit checkout refs reset rev-parse log show ls cat checksum fsck; do
  like "--help lists $verb" "$out" $'\n'"  $verb +[A-Z]"
  ok "$verb --help works" u "$verb" --help
  run u --help
done
ok "-h is --help" u -h
ok "-? is --help" u '-?'
ok "the verb's help with the option before it" u --help ls
like "which is that of the verb" "$out" "ls \[OPTION"
ok "help in a bundle" u ls -dRh
ok "what comes after --help is not looked at" u ls --help --bogus
fails_with "what comes before it is" "Unknown option --bogus" u ls --bogus --help
ok "--help needs no arguments and no repository" u rev-parse --help
like "options of a verb stand under headings" "$(u commit --help)" $'\n'"Owners and permissions:"$'\n'
ok "--version works" u --version
like "--version in the form of ostree" "$out" " Version: '[0-9.]+'"
ok "--version after a verb" u ls --version
ln -s "$UNDERLAY" ostree # a link, as an administrator would make it
like "the usage line has the name we are called by" "$(./ostree ls --help)" "ostree ls \[OPTION"

# --- mistyped words

fails_with "no verb" "^error: No command specified" u
fails_with "unknown verb" "^error: Unknown command 'bogus'$" u bogus
fails_with "docker's word for one" "^error: Unknown command 'image rm', did you mean 'image remove'\?$" u image rm x
fails_with "near verb" "did you mean 'checkout'\?$" u chekout
fails_with "swapped letters" "did you mean 'fsck'\?$" u fcsk
fails_with "the beginning of a verb" "did you mean 'rev-parse'\?$" u rev
fails_with "unknown option of the program" "^error: Unknown option --bogus$" u --bogus
fails_with "unknown option of a verb" "^error: Unknown option --zzz$" u ls --zzz
fails_with "near option" "Unknown option --recursiv, did you mean --recursive\?$" u ls --recursiv
fails_with "the beginning of an option" "did you mean --nul-filenames-only\?$" u ls --nul
fails_with "unknown letter" "^error: Unknown option -z$" u ls -z
fails_with "unknown letter in a bundle" "^error: Unknown option -dz$" u ls -dz
fails_with "wrong case" "Unknown option --Recursive" u ls --Recursive
fails_with "a message stays one line" 'Unknown command .new\\nline' u $'new\nline'
fails_with "and does nothing to a terminal" 'Unknown command .\\x1b\[31m' u $'\e[31m'
fails_with "an empty verb" "Unknown command ''" u ''

# --- what ostree has and we don't

for verb in admin pull remote summary static-delta sign gpg-sign; do
  fails_with "$verb is refused" "^error: $verb is not supported$" u "$verb"
done
for option in gpg-sign=x gpg-homedir=x sign=x sign-type=x; do
  fails_with "commit --$option is refused" "^error: --${option%%=*} is not supported$" \
             u commit "--$option"
done
for option in gpg-homedir=x gpg-verify-remote=x; do
  fails_with "show --$option is refused" "^error: --${option%%=*} is not supported$" u show "--$option" x
done

# --- how options are written

ok "make a repository" u init --repo=r
mkdir tree && echo hi >tree/file
ok "--opt=val, -o val" u commit --repo=r -b main -s subject tree
c=$out
ok "-oval" u rev-parse --repo=r main
is "names the commit" "$out" "$c"
ok "--opt val" u rev-parse --repo r main
ok "an option before the verb" u --repo=r rev-parse main
ok "and its value in a word of its own" u --repo r rev-parse main
ok "a verb's own option before the verb" u -R ls --repo=r main
like "counts" "$out" "/file"
ok "between arguments" u ls main -R --repo=r /
ok "bundled letters" u ls -RC --repo=r main
like "all count" "$out" "[0-9a-f]{64} /file"
ok "a bundle that ends with a value" u commit --repo=r -Ib two tree
ok "a value in the bundle" u commit --repo=r -Ibthree tree
is "is a value" "$(u rev-parse --repo=r three)" "$(u rev-parse --repo=r three)"
ok "a value may begin with a dash" u commit --repo=r -b dash -s --orphan tree
like "and is the value" "$(u show --repo=r dash)" "    --orphan"
ok "a value may look like help" u commit --repo=r -b dash -s -h tree
ok "the last of one option counts" u --repo=/dev/null/none --repo=r rev-parse main
ok "-- ends the options" u ls --repo=r main -- /
fails_with "after it all are arguments" "Inspecting path '--bogus'" u ls --repo=r main -- --bogus
fails_with "a lone dash is an argument" "Inspecting path '-'" u ls --repo=r main -
fails_with "a missing value" "^error: Missing argument for --repo$" u ls --repo
fails_with "a missing value of a letter" "^error: Missing argument for -b$" u commit -b
fails_with "a value for a flag" "^error: --delete takes no value$" u refs --repo=r --delete=no
is "has done nothing" "$(u refs --repo=r main)" main
fails_with "a value that is not UTF-8" "The value of -s is not valid UTF-8" u commit --repo=r -b x -s $'\xff' tree
for bad in 0 -1 x 99999 '' 1.5; do
  fails_with "--jobs='$bad'" "--jobs must be a number from 1 to 1024" u fsck --repo=r --jobs="$bad"
done
ok "--jobs" u fsck --repo=r -j2
fails_with "an option of another verb" "Unknown option --recursive" u cat --recursive
fails_with "--json where there is none" "Unknown option --json" u cat --json

# --- which repository

ok "--verbose speaks on stderr" u -v ls --repo=r main
like "about the repository" "$err" "repository r, mode bare"
mkdir away other && u init --repo=other/env && u commit -q --repo=other/env -b env-ref tree >out.log
fails_with "no repository" "^error: Command requires a --repo argument$" env -C away "$UNDERLAY" refs
is "the current directory" "$(env -C r "$UNDERLAY" rev-parse main)" "$c"
is "goes before the environment" "$(env -C r OSTREE_REPO="$T/other/env" "$UNDERLAY" refs main)" main
is "OSTREE_REPO" "$(env -C away OSTREE_REPO="$T/other/env" "$UNDERLAY" refs)" env-ref
is "UNDERLAY_REPO" "$(env -C away UNDERLAY_REPO=../other/env "$UNDERLAY" refs)" env-ref
is "UNDERLAY_REPO goes before OSTREE_REPO" \
   "$(env -C away OSTREE_REPO="$T/r" UNDERLAY_REPO="$T/other/env" "$UNDERLAY" refs)" env-ref
is "--repo goes before both" "$(env -C away OSTREE_REPO="$T/r" "$UNDERLAY" refs --repo=../other/env)" env-ref
is "an empty variable is none" "$(env -C away UNDERLAY_REPO= OSTREE_REPO="$T/other/env" "$UNDERLAY" refs)" env-ref
fails_with "--repo that isn't there" "^error: opening repo: .*/dev/null/none" u --repo=/dev/null/none refs
fails_with "--repo that is none" "^error: opening repo: " u --repo=tree refs

# --- output that can't be written

if [ -c /dev/full ]; then
  run bash -c '"$UNDERLAY" refs --repo=r >/dev/full'
  is "a full disk is an error" "$status" 1
  like "that is named" "$err" "^error: Writing to standard output: "
else
  skip "a full disk is an error" "no /dev/full"
fi

done_testing
