#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_repo --mode=archive
R=--repo=r
for p in /etc/conf etc/conf "/etc/conf usr/bin/prog" /etc/large; do
  # shellcheck disable=SC2086
  same cat $R main $p
done
same cat $R main "/etc/sp ace"
same cat $R "$two" /etc/conf
same cat $R main /etc/conf /nope
same_error cat $R main /nope
same_error cat $R main /nope/x
same_error cat $R nope /etc/conf
same_error cat $R main
same_error cat $R
same cat $R main /etc
same cat $R main /etc/conf/x

done_testing
