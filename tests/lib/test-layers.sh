# SPDX-License-Identifier: LGPL-2.1-or-later
# The include ranks of the tree, and that the checker sees a breach.
. "$(dirname "$0")/../lib/tap.sh"
check=$SRC/build-aux/check-layers

ok "the tree keeps its ranks" "$check" "$SRC"

# plant FOLDER INCLUDE: a tree whose one file includes INCLUDE.
plant ()
{
  rm -rf tree
  mkdir -p "tree/src/libstore/$1" tree/src/cli
  printf '#include %s\n' "$2" >"tree/src/libstore/$1/x.c"
}

allowed ()
{
  plant "$1" "$2"
  ok "$1 may include $2" "$check" tree
}

refused ()
{
  plant "$1" "$2"
  fails_with "$1 may not include $2" "^src/libstore/$1/x.c:1: " "$check" tree
}

allowed util '"util/error.h"'
allowed core '"util/error.h"'
allowed repo '"core/commit.h"'
allowed build '"repo/refs.h"'
allowed checkout '<glib.h>'
allowed repo '"config.h"'
refused util '"core/commit.h"'
refused core '"repo/refs.h"'
refused repo '"build/tree.h"'
refused repo '"sign/ed25519.h"'
refused build '"checkout/options.h"'
refused checkout '"build/tree.h"'
refused repo '"cli/command.h"'
refused repo '"../build/tree.h"'
refused repo '"refs.h"'
refused nowhere '"util/error.h"'
refused repo '<curl/curl.h>'
refused build '<archive.h>'
refused build '"util/archive.h"'
refused core '<unistd.h>'
allowed core '<sys/stat.h>'
refused repo '<selinux/selinux.h>'
refused repo '<openssl/pem.h>'
refused core '<fcntl.h>'
done_testing
