#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash

. "$(dirname "$0")/cli-lib.sh"

make_tree
for p in tree tree/ tree/etc tree/etc/conf tree/etc/link tree/etc/large tree/top tree/opaque tree/usr/bin/prog "tree/etc/sp ace"; do
  same checksum "$p"
  same checksum --ignore-xattrs "$p"
done
cd tree
same checksum .
same checksum ../tree/top
cd ..
same checksum nope
same_error checksum
same_error checksum --repo=r tree

done_testing
