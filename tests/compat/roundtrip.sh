# SPDX-License-Identifier: LGPL-2.1-or-later
# Both tools on one repository, each mode: what one commits, the other lists, checks out, checks and
# extends.
. "$(dirname "$0")/common.sh"
make_odd odd
# A file that its owner can't read: the peer copies it in a user checkout, we link it. Committing it is
# compared in commit-checksums.sh.
rm odd/modes/0000
cp -a odd odd2
printf changed >odd2/sizes/1
rm -r odd2/names/dirs odd2/hard/sub
mkdir odd2/new && printf n >odd2/new/file

both_ways ()
{
  local a=$1 b=$2 label=$3 repo=$4 flags=()
  # A user-mode repository only has hardlinks for user checkouts.
  case $m in bare-user*) flags=(-U) ;; esac
  # Which entries share an inode is not the same: we link symlinks, too, where that can be done.

  "$a" --repo="$repo" commit -b line --timestamp=$WHEN odd >/dev/null
  "$b" --repo="$repo" commit -b line --timestamp=$WHEN odd2 >/dev/null
  "$a" --repo="$repo" commit -b line --timestamp=$WHEN --parent="$("$a" --repo="$repo" rev-parse line)" --add-metadata-string=k=v odd >/dev/null
  is "$label: a line of three commits" "$("$b" --repo="$repo" log line | grep -c ^commit)" 3
  is "$label: the same log" "$("$a" --repo="$repo" log line)" "$("$b" --repo="$repo" log line)"
  for rev in line line^ line^^; do
    is "$label: the same listing of $rev" "$("$a" --repo="$repo" ls -R -C -X "$rev")" \
      "$("$b" --repo="$repo" ls -R -C -X "$rev")"
  done
  ok "$label: fsck by one" "$a" --repo="$repo" fsck -q
  ok "$label: fsck by the other" "$b" --repo="$repo" fsck -q
  rm -rf by-a by-b
  "$a" --repo="$repo" checkout "${flags[@]}" line by-a
  "$b" --repo="$repo" checkout "${flags[@]}" line by-b
  same_tree "$label: the same checkout" by-a by-b --no-links
  rm -rf by-a by-b
  "$a" --repo="$repo" checkout "${flags[@]}" -C line^ by-a
  "$b" --repo="$repo" checkout "${flags[@]}" -C line^ by-b
  same_tree "$label: the same copied checkout" by-a by-b --no-links
  rm -rf by-a by-b
  "$a" --repo="$repo" checkout -U line by-a
  "$b" --repo="$repo" checkout -U line by-b
  same_tree "$label: the same user checkout" by-a by-b --no-links
}

for m in $MODES; do
  init_both "$m"
  both_ways "$UNDERLAY" "$OSTREE" "$m, ours first" "ours.$m"
  both_ways "$OSTREE" "$UNDERLAY" "$m, the peer first" "peer.$m"
  is "$m: the same commits" "$("$OSTREE" --repo="ours.$m" rev-parse line line^ line^^)" \
    "$("$OSTREE" --repo="peer.$m" rev-parse line line^ line^^)"
  # Every object the other tool would have made, and no other.
  ok "$m: the same objects" diff <(cd "ours.$m/objects" && find . -type f -o -type l | sort) \
    <(cd "peer.$m/objects" && find . -type f -o -type l | sort)
done

# A bare checkout committed again is the same tree, through hardlinks and without.
m=bare
init_both bare
ours commit -b one --timestamp=$WHEN odd >/dev/null
peer commit -b one --timestamp=$WHEN odd >/dev/null
ours checkout -H one again.ours
peer checkout -H one again.peer
same_tree "hardlinked checkouts" again.ours again.peer
is "committed again" "$(ours commit --orphan --timestamp=$WHEN again.ours)" \
  "$(peer commit --orphan --timestamp=$WHEN again.peer)"
is "with -I" "$(ours commit -I --orphan --timestamp=$WHEN again.ours)" \
  "$(peer commit -I --orphan --timestamp=$WHEN again.peer)"

# Pulled by the peer between what we and it wrote.
for m in $MODES; do
  for from in bare archive bare-user; do
    case $m:$from in bare-user-only:*) continue ;; esac
    rm -rf pulled
    "$OSTREE" init --repo=pulled --mode="$m"
    ok "$m: the peer pulls from our $from" "$OSTREE" --repo=pulled pull-local "ours.$from"
    ok "$m: and we check it" "$UNDERLAY" --repo=pulled fsck -q
  done
done

done_testing
