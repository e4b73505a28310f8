#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_repo
R=--repo=r

for rev in main main^ main^^ alias alias^ rem:foo/bar rem:foo/bar^ "$one" "$two" "$three^" "${one:0:12}" "${two:0:12}^" dev/x; do
  same rev-parse $R "$rev"
done
same rev-parse $R main main^ "$one"
same rev-parse $R main nope dev/x
for rev in main^^^ nope nope^ nope/x rem: :x rem:nope 'a b' "${one^^}" "${one:0:63}/" -- ffffffffffff; do
  same_error rev-parse $R "$rev"
done
same rev-parse $R "${one//[1-9]/0}"
same_error rev-parse $R "${one//[1-9]/0}^"
same_error rev-parse $R -S
same_error rev-parse $R -S main
same_error rev-parse $R
"$OSTREE" init --repo=single
same_error rev-parse --repo=single -S
"$OSTREE" commit --repo=single --orphan tree >out.log
same rev-parse --repo=single -S

done_testing
