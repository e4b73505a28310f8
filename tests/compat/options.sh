#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Every verb and every option that ostree's --help lists is there, takes a value where ostree's does, or is
# refused by name.

. "$(dirname "$0")/../lib/tap.sh"
need_cmd "$OSTREE"

# Options of verb $1 as ostree's help has them, one a line: "-s --subject"; "-" where there is no letter.
options_of ()
{
  "$OSTREE" "$1" --help | sed -nE 's/^  (-([A-Za-z]), )?--([a-z-]+).*/-\2 --\3/p'
}

# Nothing is run here: ostree finds no repository, and ours stops at --help.
takes_value () { run "$OSTREE" "$1" "$2"; [[ $err == *"Missing argument for"* ]]; }

# judge VERB OPTION: prints nothing if it's as it should be
judge ()
{
  local ours
  run "$UNDERLAY" "$1" "$2" --help
  ours=$err
  [[ $ours != *"is not supported" ]] || return 0
  if takes_value "$1" "$2"; then
    run "$UNDERLAY" "$1" "$2"
    [[ $err == *"Missing argument for $2" ]] || printf '%s: %s\n' "$2" "${err:-takes no value}"
  elif [ -n "$ours" ]; then
    printf '%s: %s\n' "$2" "$ours"
  fi
}

verbs=$("$OSTREE" --help | awk '/^Builtin/ { on = 1; next } on && !NF { exit } on { print $1 }')
like "ostree has verbs" "$verbs" commit.*summary
like "and its verbs options" "$(options_of commit)" "-s --subject"$'\n'
ours=$("$UNDERLAY" --dump-commands | awk -F '\t' '$1 == "verb" { print $2 }')

for verb in $verbs; do
  if ! grep -qx -e "$verb" <<<"$ours"; then
    fails_with "$verb is refused" "^error: $verb is not supported$" "$UNDERLAY" "$verb"
    continue
  fi
  faults=
  while read -r letter name; do
    for word in $letter $name; do
      [ "$word" = - ] || faults+=$(judge "$verb" "$word")
    done
  done < <(options_of "$verb")
  is "$verb: each option" "$faults" ""
done

done_testing
