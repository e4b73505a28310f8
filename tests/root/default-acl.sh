#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Where directories have a default ACL, everything that is made in them inherits it: an object would have an
# xattr that its checksum doesn't know of, and a checkout what its commit doesn't have.
. "$(dirname "$0")/../lib/tap.sh"
need_root
need_cmd setfacl getfacl

private_mounts
mkdir fs
mount -t tmpfs -o size=64m none fs
cd fs || exit
setfacl -d -m u:1234:rwx . 2>/dev/null || skip_all "no POSIX ACLs on this file system"

mkdir src
setfacl -b -k src
mkdir src/d
printf 'small\n' >src/a
: >src/d/empty
head -c 5000000 /dev/zero >src/large
ln -s a src/l
mkdir other
printf 'other\n' >other/b

acls () { getfacl -R -P -s -c -- "$1" 2>/dev/null; }
u () { "$UNDERLAY" "$@"; }

for mode in bare bare-user bare-user-only archive; do
  u init --repo="r-$mode" --mode="$mode"
  ok "$mode: the commit" u commit --repo="r-$mode" -b x src
  ok "$mode: is sound for us" u fsck -q --repo="r-$mode"
  ok "$mode: and for the peer" "$OSTREE" fsck -q --repo="r-$mode"
  is "$mode: no object has an ACL" "$(find "r-$mode/objects" -type f -exec getfacl -s -c -p {} +)" ""
  # The directories of objects/ are for the administrator to say: they inherit.
  like "$mode: directories have" "$(getfacl -c -p "r-$mode"/objects/*/ | sort -u)" "default:user:1234:rwx"
  is "$mode: nothing is left over" "$(find "r-$mode/tmp" -name 'staging-*')" ""
done

one=$(u rev-parse --repo=r-bare x)
# What the source has by itself is content, inherited or not.
u commit --repo=r-bare -b other other >out.log
u checkout --repo=r-bare other other-out
is "an ACL of the source comes back" "$(acls other-out)" "$(acls other | sed 's/^# file: other/&-out/')"

for how in -H -C -U -UC; do
  repo=r-bare
  [ "$how" != -U ] || repo=r-bare-user
  ok "checkout $how" u checkout --repo="$repo" "$how" x "out$how"
  is "checkout $how: inherits nothing" "$(acls "out$how")" ""
done
is "what is checked out is what was committed" \
   "$(u commit --repo=r-bare --orphan --timestamp=@1 out-C | xargs "$UNDERLAY" show --repo=r-bare | grep -i contentchecksum)" \
   "$(u show --repo=r-bare "$one" | grep -i contentchecksum)"

# Into a directory that is there and passes its ACL on.
mkdir united
ok "union" u checkout --repo=r-bare -C --union x united
is "union: the files that came inherit nothing" \
   "$(find united -mindepth 1 ! -type l -exec getfacl -s -c -p {} +)" ""
like "union: the directory keeps its own" "$(getfacl -c united)" "default:user:1234:rwx"

# The cache of an archive is linked from by everyone.
mkdir acl-target
u checkout --repo=r-archive -U --union x acl-target
is "nothing with an ACL in the cache" \
   "$(find r-archive/uncompressed-objects-cache -type f -exec getfacl -s -c -p {} +)" ""

done_testing
