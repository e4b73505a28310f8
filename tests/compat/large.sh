# SPDX-License-Identifier: LGPL-2.1-or-later
# Large files: holes are content, and nothing is kept in memory. 5 GB in a long run.
. "$(dirname "$0")/common.sh"

size=160M
[ -z "${UNDERLAY_TEST_LONG:-}" ] || size=5G
mkdir big
truncate -s "$size" big/sparse
printf middle | dd of=big/sparse bs=1 seek=123456789 conv=notrunc status=none
printf end >>big/sparse

for m in bare archive; do
  init_both "$m"
  agree "$m: $size with holes" commit -b big --timestamp=$WHEN big
  ok "$m: we check it" ours fsck -q
  ok "$m: the peer checks it" "$OSTREE" --repo="ours.$m" fsck -q
  ours checkout -U -C big out
  ok "$m: and it comes back" cmp big/sparse out/sparse
  rm -rf out "ours.$m" "peer.$m"
done

done_testing
