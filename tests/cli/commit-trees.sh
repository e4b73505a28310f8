# SPDX-License-Identifier: LGPL-2.1-or-later
# What a commit is made of: commits laid over each other and over directories.
. "$(dirname "$0")/../lib/tap.sh"

u () { "$UNDERLAY" --repo=r "$@"; }
u init --mode=archive

# --- a commit as a tree

mkdir -p base/etc base/usr/bin over/etc
echo one >base/etc/conf && echo tool >base/usr/bin/tool && chmod 755 base/usr/bin/tool
echo two >over/etc/conf && echo new >over/etc/new
u commit -b base base && u commit -b over over
ok "a commit as a tree" u commit -b same --tree=ref=base
is "is the same tree" "$(u ls -RC same)" "$(u ls -RC base)"
ok "two commits" u commit -b both --tree=ref=base --tree=ref=over
is "the later wins" "$(u cat both /etc/conf /etc/new /usr/bin/tool)" $'two\nnew\ntool'
ok "a commit over a directory" u commit -b mixed --tree=dir=base --tree=ref=over
is "is no different" "$(u ls -RC mixed)" "$(u ls -RC both)"
ok "a directory over a commit" u commit -b mixed --tree=ref=base --tree=dir=over
is "neither" "$(u ls -RC mixed)" "$(u ls -RC both)"
ok "a base below them" u commit -b mixed --base=base --tree=ref=over
is "nor that" "$(u ls -RC mixed)" "$(u ls -RC both)"

ok "with another owner" u commit -b owned --tree=ref=base --owner-uid=7 --owner-gid=8
is "of everything" "$(u ls -R owned | awk '{ print $2, $3 }' | sort -u)" "7 8"
is "and the same content" "$(u cat owned /usr/bin/tool)" tool
echo /etc >skip
ok "without a part" u commit -b less --tree=ref=base --skip-list=skip
is "it isn't there" "$(u ls -R --nul-filenames-only less | tr '\0' ' ')" "/ /usr /usr/bin /usr/bin/tool "
ok "which several have" u commit -b less --tree=ref=base --tree=dir=over --skip-list=skip
is "is in none" "$(u ls -R --nul-filenames-only less | tr '\0' ' ')" "/ /usr /usr/bin /usr/bin/tool "
echo /nope >skip
fails_with "a path to leave out that isn't there" "Unmatched skip-list paths: /nope" u commit -b less --tree=ref=base --skip-list=skip

# Objects that nothing changes aren't read, not even opened: they may be missing.
find r/objects -name '*.filez' -delete
ok "no file of a commit is read" u commit -b unread --tree=ref=base --tree=ref=over
ok "not to leave some out" u commit -b unread --tree=ref=base --skip-list=<(echo /etc)
echo '511 /etc/conf' >override
fails_with "one whose mode changes is" "base: /etc/conf: " u commit -b read --tree=ref=base --statoverride=override

rm -r r && u init
u commit -b base base
mkdir -p over/usr/bin && touch over/usr/bin/.ostree-wh.tool
u commit -b marker over
ok "a marker and what it deletes, if nobody asked" u commit -b x --tree=ref=base --tree=ref=marker
for trees in 'ref=base ref=marker' 'ref=marker ref=base' 'ref=marker dir=base'; do
  # shellcheck disable=SC2086
  set -- $trees
  fails_with "whiteouts of what comes with it: $trees" "both tool and a whiteout of it come together" \
    u commit -b x --retarget-whiteouts "${@/#/--tree=}"
done

fails_with "no such commit" "Refspec 'nope' not found" u commit -b x --tree=ref=nope
rm -rf flat && mkdir flat && touch flat/etc && u commit -b flat flat
fails_with "a file over a directory" "flat: /: Can't replace directory with file: etc" u commit -b x --tree=ref=base --tree=ref=flat
fails_with "a directory over a file" "base: /: Can't replace file with directory: etc" u commit -b x --tree=ref=flat --tree=ref=base

done_testing
