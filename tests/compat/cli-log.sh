#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_repo
R=--repo=r
o () { "$OSTREE" commit $R -b odd "$@" tree >out.log; }

o -s '' -m 'only a body' --timestamp=@0
o -s 'only a subject' --timestamp=@99999999999
o -s $'sub\n\nject\n' -m $'\n\nbody\n\n\n' --timestamp=@1
o -s s -m $'  indented\n\ttab\n' --add-metadata='version=uint32 4' --timestamp=@1
o -s s --add-metadata-string=version=$'1\n2' --add-metadata="ostree.collection-binding='org.x.Y'" --timestamp=@1
for rev in main main^ main^^ odd alias rem:foo/bar "$one" "${two:0:12}"; do
  same log $R "$rev"
  same log $R --raw "$rev"
done
TZ=Asia/Tokyo same log $R main
same_error log $R nope
same_error log $R main^^^
same_error log $R "${one//[1-9]/0}"
same_error log $R
rm "r/objects/${two:0:2}/${two:2}.commit"
same log $R main
same log $R --raw main
same_error log $R "$two"
same_error log $R main^^

done_testing
