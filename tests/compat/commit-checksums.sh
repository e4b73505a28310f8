# SPDX-License-Identifier: LGPL-2.1-or-later
# The same tree, the same commit: in each mode, for each odd thing and for all of them together.
. "$(dirname "$0")/common.sh"
make_odd odd

for m in $MODES; do
  init_both "$m"
  for part in $ODD .; do
    agree "$m: commit of $part" commit -b "t/${part/./all}" --timestamp=$WHEN "odd/$part"
    same_listing "$m: listing of $part" "t/${part/./all}"
  done
  ok "$m: the peer checks what we wrote" "$OSTREE" --repo="ours.$m" fsck -q
  ok "$m: we check what the peer wrote" "$UNDERLAY" --repo="peer.$m" fsck -q
done

# The peer does not write bare-split-xattrs; the checksums must be those of a bare repository.
init_both bare
"$UNDERLAY" init --repo=split --mode=bare-split-xattrs
for part in $ODD .; do
  is "bare-split-xattrs: commit of $part" \
    "$("$UNDERLAY" --repo=split commit -b "t/${part/./all}" --timestamp=$WHEN "odd/$part")" \
    "$(peer commit -b "t/${part/./all}" --timestamp=$WHEN "odd/$part")"
  is "bare-split-xattrs: the peer lists $part" \
    "$("$OSTREE" --repo=split ls -R -C -X "t/${part/./all}")" "$(peer ls -R -C -X "t/${part/./all}")"
done
ok "bare-split-xattrs: the peer checks it" "$OSTREE" --repo=split fsck -q
ok "bare-split-xattrs: we check it" "$UNDERLAY" --repo=split fsck -q

# The number of workers changes nothing.
for j in 1 2 7; do
  "$UNDERLAY" init --repo="jobs$j" --mode=bare
  is "with $j workers" "$("$UNDERLAY" --repo="jobs$j" commit --jobs="$j" -b t/all --timestamp=$WHEN odd)" \
    "$("$OSTREE" --repo=peer.bare rev-parse t/all)"
  ok "the same objects with $j workers" diff <(cd jobs1 && find objects | sort) <(cd "jobs$j" && find objects | sort)
done

done_testing
