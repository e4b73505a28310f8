# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the whiteout scripts share: a lower tree, changes to it through an overlay mount, and dumps.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/tap.sh"

P=--process-passthrough-whiteouts

# everything DIR: what a user of the tree can see of it. Hardlinks don't survive a copy-up.
everything () { treedump --no-links "$1"; }

make_lower ()
{
  mkdir -p "$1"
  (
    cd "$1"
    mkdir -p bin etc/conf.d usr/lib/deep/er var/cache/old replaced/sub swapped gone/with/all
    for i in bin/a bin/b bin/c etc/conf etc/conf.d/1 etc/conf.d/2 usr/lib/deep/er/f var/cache/old/x \
      replaced/f replaced/sub/g swapped/inside gone/with/all/of gone/f to-dir to-link keep; do
      printf 'lower %s\n' "$i" >"$i"
    done
    chmod 4755 bin/a && chmod 700 etc/conf.d && chmod 1777 var/cache && chmod 2750 usr/lib
    ln -s conf etc/link && ln -s nowhere bin/dangling && ln -s ../keep etc/up
    : >etc/empty
    echo minus >-dash && echo wh >.wh.literal && echo n >$'new\nline' && mkdir -- '-dir' && echo x >./-dir/x
    truncate -s 70000 usr/lib/big
  )
}

change ()
{
  (
    cd "$1"
    rm bin/b etc/link etc/empty ./-dash .wh.literal $'new\nline'
    rm -r gone ./-dir
    rm -r replaced && mkdir -m 711 replaced && echo new >replaced/f
    rm -r swapped && echo 'now a file' >swapped
    rm to-dir && mkdir to-dir && echo in >to-dir/in
    rm to-link && ln -s keep to-link
    echo changed >etc/conf && echo added >etc/added && chmod 600 bin/c
    mkdir -p var/new/sub && echo deep >var/new/sub/f && rm -r var/cache/old
    rm usr/lib/deep/er/f && mkfifo usr/lib/fifo && rm usr/lib/fifo
    echo again >bin/b && rm bin/b
    ln -s elsewhere etc/newlink && ln -sfn other etc/up
    : >var/new/empty
  )
}

# The same again on top of that: a whiteout of something that the second layer made, and back again.
change_more ()
{
  (
    cd "$1"
    rm etc/added && rm -r to-dir && echo 'a file again' >to-dir
    echo back >bin/b && rm swapped && mkdir swapped && echo y >swapped/y
    rm replaced/f && rm -r var/new/sub
  )
}
