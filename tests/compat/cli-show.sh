#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

R=--repo=r
for mode in bare archive bare-user; do
  [ "$mode" = bare-user ] || [ "$(id -u)" = 0 ] || continue
  rm -rf r tree
  make_repo --mode="$mode"
  for rev in main main^ main^^ alias rem:foo/bar "$one" "${two:0:12}"; do
    for o in '' --raw -B '--raw -B' --print-related; do
      # shellcheck disable=SC2086
      same show $R $o "$rev"
    done
  done
  # every object by its checksum, once
  find r/objects -type f ! -name '*.commitmeta' | sed 's,.*objects/\(..\)/\([0-9a-f]*\).*,\1\2,' | sort >objects
  while read -r object; do
    same show $R "$object"
    same show $R --raw "$object"
    same show $R -B "$object"
  done <objects
done

same show $R --print-metadata-key=version "$one"
same show $R --print-metadata-key=n "$one"
same show $R -B --print-metadata-key=n "$one"
same show $R --print-metadata-key=ostree.ref-binding main
same show $R --print-detached-metadata-key=det "$two"
same_error show $R --print-metadata-key=nope "$one"
same_error show $R --print-detached-metadata-key=det "$one"
same_error show $R --print-detached-metadata-key=nope "$two"
dirmeta=$(find r/objects -name '*.dirmeta' | head -n 1)
same show $R --print-variant-type='(uuua(ayay))' "$dirmeta"
same show $R --print-variant-type=ay r/config
same show $R --print-variant-type=x r/config
same_error show $R nope
same_error show $R "${one:0:12}x"
same show $R "${one//[1-9]/0}"
same_error show $R
same_error show $R --bogus main

done_testing
