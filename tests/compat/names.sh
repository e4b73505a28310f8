# SPDX-License-Identifier: LGPL-2.1-or-later
# Names: the format wants UTF-8, and nothing of a refused commit stays.
. "$(dirname "$0")/common.sh"

for m in bare archive; do
  init_both "$m"
  mkdir -p "bad.$m/ok/sub"
  printf x >"bad.$m/ok/sub/"$'\xff\xfe'
  refuse "$m: a file's name that is not UTF-8" 'Invalid UTF-8 in filename' commit -b bad "bad.$m"
  nok "$m: no ref" ours rev-parse bad
  is "$m: no object" "$(find "ours.$m/objects" -type f)" ""
  is "$m: no staging" "$(find "ours.$m/tmp" -mindepth 1 -name 'staging-*')" ""
  rm -r "bad.$m/ok"
  mkdir "bad.$m/"$'dir\xc3('
  refuse "$m: a directory's" 'Invalid UTF-8 in filename' commit -b bad "bad.$m"
  rm -r "bad.$m/"$'dir\xc3('
  # Overlong and surrogate forms are not UTF-8 either.
  for n in $'\xc0\xaf' $'\xed\xa0\x80' $'\xf5\x80\x80\x80'; do
    printf x >"bad.$m/$n"
    refuse "$m: $(printf %s "$n" | od -An -tx1 | tr -d " \n")" 'Invalid UTF-8 in filename' commit -b bad "bad.$m"
    rm "bad.$m/$n"
  done
  # So is a symlink's target in the format. The peer stores another one in its place and says nothing.
  ln -s $'\xff' "bad.$m/link"
  fails_with "$m: a symlink's target that is not UTF-8" 'link.*UTF-8' ours commit -b bad "bad.$m"
done

# Newlines and spaces in names come back through both tools.
init_both bare
mkdir nl && printf a >nl/$'one\ntwo' && printf b >nl/' ' && mkdir nl/$'d\n'
agree "a newline" commit -b nl --timestamp=$WHEN nl
"$OSTREE" --repo=ours.bare checkout nl nl.peer
"$UNDERLAY" --repo=peer.bare checkout nl nl.ours
same_tree "a newline checked out" nl.peer nl.ours
is "its listing" "$(ours ls -R nl)" "$(peer ls -R nl)"

done_testing
