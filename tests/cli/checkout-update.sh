# SPDX-License-Identifier: LGPL-2.1-or-later
# From one commit to the next, in place.
. "$(dirname "$0")/../lib/tap.sh"

mkdir -p tree/etc tree/usr/bin tree/usr/lib/old
echo 'the host' >tree/etc/hostname
echo 'version 1' >tree/usr/bin/program
echo 'library' >tree/usr/lib/old/library
ln -s program tree/usr/bin/alias
"$UNDERLAY" init --repo=repo --mode=bare-user
one=$("$UNDERLAY" --repo=repo commit -b main tree)
echo 'version 2' >tree/usr/bin/program
rm -r tree/usr/lib/old tree/usr/bin/alias
mkdir tree/usr/lib/new
echo 'library' >tree/usr/lib/new/library
chmod 700 tree/etc
two=$("$UNDERLAY" --repo=repo commit -b main tree)
tar -cf one.tar -C tree .

u () { "$UNDERLAY" --repo=repo checkout -U --update "$@"; }
is_commit () { ok "$1" "$UNDERLAY" --repo=repo verify -U --full "$2" "$3"; }

# The first time there is nothing to update.
ok "nothing there: an ordinary checkout" u main^ os
is_commit "of that commit" os "$one"
program=$(stat -c %i os/etc/hostname)
ok "then it is made the next commit" u main os
is_commit "which it is" os "$two"
is "what didn't change was not touched" "$(stat -c %i os/etc/hostname)" "$program"
ok "once more" u main os
is_commit "changes nothing" os "$two"
ok "and back" u "$one" os
is_commit "as far as it knows the commit" os "$one"
"$UNDERLAY" --repo=repo checkout -U main^ fresh
same_tree "the same as a fresh checkout" os fresh
is "with the same times" "$(cd os && find . -type d -printf '%p %t\n' | sort)" "$(cd fresh && find . -type d -printf '%p %t\n' | sort)"

# Somebody's work is not lost.
echo mine >os/usr/lib/old/mine
fails_with "a file in a directory that would go" '^error: update os: /usr/lib/old/mine was added$' u main os
is "stays" "$(cat os/usr/lib/old/mine)" mine
is "and nothing else has changed" "$(cat os/usr/bin/program)" 'version 1'
rm os/usr/lib/old/mine
cp os/usr/bin/program mine
echo more >>mine
mv mine os/usr/bin/program
fails_with "a file that would be replaced" '^error: update os: /usr/bin/program was modified: content$' u main os
rm os/usr/bin/program
cp fresh/usr/bin/program os/usr/bin/
ok "the same content again is no change" u main os
is_commit "it goes on" os "$two"

mkdir outside
cp -a os/usr/lib/new outside/new
mv os/usr/lib os/usr/lib.mine
ln -s "$PWD/outside" os/usr/lib
fails_with "a symlink to elsewhere" '^error: update os: /usr/lib was modified: type$' u main^ os
is "is not followed" "$(ls outside outside/new)" $'outside:\nnew\n\noutside/new:\nlibrary'
rm os/usr/lib
mv os/usr/lib.mine os/usr/lib

# What isn't in the way is left alone, unless asked for.
echo mine >os/etc/mine
ok "a file beside" u main^ os
is "stays there" "$(cat os/etc/mine)" mine
fails_with "--verify looks at everything" '^error: update os: /etc/mine was added$' u --verify main os
rm os/etc/mine
ok "and then is content" u --verify main os
sleep 0.05 # a tick of the kernel's clock
echo mine >os/mine
fails_with "a file in the directory itself is seen" '^error: update os: /mine was added$' u main^ os
rm os/mine
ok "and then is gone" u main^ os
ok "for good" u main os

# What is it a checkout of?
fails_with "an ordinary checkout isn't known" '^error: update fresh: the repository has no record of what it is a checkout of; --from=REV says it$' u main fresh
fails_with "--from is not believed" '^error: update fresh: ' u --from=main --verify "$("$UNDERLAY" --repo=repo commit -b other --tree=ref=main --add-metadata-string=x=y -s other)" fresh
ok "it is verified" u --from=main^ main fresh
ok "and then known" u main^ fresh
mv fresh moved
ok "also under another name" u main moved
cp -a moved copied
fails_with "a copy isn't" 'no record' u main^ copied
ok "--from counts more than the record" u --from=main^ main moved
fails_with "other options than before" "^error: update moved: it was checked out with '--user-mode', not with '--user-mode --subpath=/usr'\$" u --subpath=usr main moved
ok "a union makes it something else" "$UNDERLAY" --repo=repo checkout -U --union main moved
fails_with "which is not known any more" 'no record' u main moved
ok "the peer finds nothing wrong with the records" "$OSTREE" --repo=repo fsck -q
ok "and prunes beside them" "$OSTREE" --repo=repo prune --refs-only
ok "they are still there" u main os

# A repository that can't be written keeps no records; --from does.
if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups true; then
  chmod 755 "$T"
  mkdir nobody
  chown 65534:65534 nobody
  as_nobody () { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
  ok "a user's checkout" as_nobody "$UNDERLAY" --repo=repo checkout -U -C main^ nobody/os
  ok "is updated by its user" as_nobody "$UNDERLAY" --repo=repo checkout -U -C --update --from=main^ main nobody/os
  ok "rightly" as_nobody "$UNDERLAY" --repo=repo verify -U nobody/os main
  ok "the repository's owner has a record of another" u -C main^ nobody/known
  chown -R 65534:65534 nobody/known
  fails_with "which must not get wrong" '^error: update nobody/known: the repository has a record of it and can.t be written$' \
    as_nobody "$UNDERLAY" --repo=repo checkout -U -C --update main nobody/known
  ok "so nothing was changed" as_nobody "$UNDERLAY" --repo=repo verify -U nobody/known main^
  # He may not write to this one without a change of its mode.
  chmod 555 tree/usr/bin
  "$UNDERLAY" --repo=repo commit -b ro tree >/dev/null
  echo 'version 3' >tree/usr/bin/program
  "$UNDERLAY" --repo=repo commit -b ro tree >/dev/null
  ok "a directory that is read-only" as_nobody "$UNDERLAY" --repo=repo checkout -U -C ro^ nobody/ro
  ok "is updated" as_nobody "$UNDERLAY" --repo=repo checkout -U -C --update --from=ro^ ro nobody/ro
  ok "and read-only again" as_nobody "$UNDERLAY" --repo=repo verify -U nobody/ro ro
else
  skip "a user's checkouts" "not root"
fi

# Nonsense.
for option in --union --union-add --whiteouts --allow-noent --skip-list=x --from-file=x --selinux-policy=x; do
  fails_with "not with $option" "Cannot specify both --update and ${option%=*}" \
    "$UNDERLAY" --repo=repo checkout --update "$option" main out
done
fails_with "--from alone" '^error: --from requires --update$' "$UNDERLAY" --repo=repo checkout --from=main main out
fails_with "--verify alone" '^error: --verify requires --update$' "$UNDERLAY" --repo=repo checkout --verify main out
fails_with "a file" 'only a directory can be updated' u --subpath=/etc/hostname main file
fails_with "over a file" 'Not a directory' u main one.tar
ln -s os link
ok "the caller's own symlink" u main link

# A structure of hardlinks would have to be kept in what isn't looked at.
mkdir linked && echo x >linked/a && ln linked/a linked/b
three=$("$UNDERLAY" --repo=repo commit -b linked --preserve-hardlinks linked)
refusal="commit $three records hardlinks, which an update can't keep: give --ignore-hardlinks or check it out anew$"
fails_with "to a commit that records hardlinks" "$refusal" u linked os
fails_with "also where there is nothing yet" "$refusal" u linked hard
nok "and there still isn't" test -e hard
ok "not with --ignore-hardlinks" u --ignore-hardlinks linked os
fails_with "nor from one" "$refusal" u main os
ok "the same" u --ignore-hardlinks main os
is_commit "it is that one" os "$two"

# Another repository, which keeps no record here, has made it something else.
"$UNDERLAY" init --repo=arc --mode=archive
"$UNDERLAY" --repo=arc pull-local -q --depth=-1 repo main linked
cp -a arc other
a () { "$UNDERLAY" --repo=arc checkout -U --update "$@"; }
ok "a checkout of an archive" a main^ shared
ok "that another repository updates" "$UNDERLAY" --repo=other checkout -U --update --from=main^ main shared
fails_with "isn't what the record says" "update shared: .* was " a --ignore-hardlinks --from=main^ linked shared
is_commit "and nothing has changed" shared "$two"
ok "but what --from says" a --from=main main^ shared
is_commit "and verifies" shared "$one"
ok "a union by another repository" "$UNDERLAY" --repo=other checkout -U --union --subpath=usr/lib main shared
fails_with "is seen by the record" "update shared: .* was added" a main shared

# Linked and copied files are what they are, whatever comes.
"$UNDERLAY" --repo=repo checkout -U main^ mixed
ok "-C over a linked checkout" u -C --from=main^ main mixed
is_commit "is that commit" mixed "$two"
ok "and a linked one again" u main^ mixed
is_commit "is that one" mixed "$one"

# What would come isn't there: nothing goes.
lost=$("$UNDERLAY" --repo=other ls -C main /usr/bin/program | awk '{ print $5 }')
rm "other/objects/${lost:0:2}/${lost:2}.filez"
"$UNDERLAY" --repo=other checkout -U main^ before
fails_with "a missing object" "update before: /usr/bin/program: No such file object $lost.file$" \
  "$UNDERLAY" --repo=other checkout -U --update --from=main^ main before
is_commit "is seen before" before "$one"

# A directory of somebody's own
mkdir -m 711 before/usr/lib/new
fails_with "a directory that would come" "update before: /usr/lib/new was added$" a --from=main^ main before
is "stays as it is" "$(stat -c %a before/usr/lib/new)" 711
rmdir before/usr/lib/new

# A mount on the way, or a directory that can't be written to
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  mkdir foreign && cp -a before/usr/bin/. foreign
  in_mounts () { unshare -m --propagation private bash -c "$1"; }
  fails_with "a mount inside" "update before: something is mounted on /usr/bin$" \
    in_mounts 'mount --bind foreign before/usr/bin && exec "$UNDERLAY" --repo=arc checkout -U --update --verify --from=main^ main before'
  ok "isn't entered" test -L foreign/alias
  fails_with "a read-only mount" "update before: change it: Read-only file system$" \
    in_mounts 'mount --bind before before && mount -o remount,bind,ro before && exec "$UNDERLAY" --repo=arc checkout -U --update --from=main^ main before'
  is_commit "nothing has changed" before "$one"
  ok "no update has begun" a --from=main^ main before
else
  skip "mounts" "needs root and mount namespaces"
fi

done_testing
