# SPDX-License-Identifier: LGPL-2.1-or-later
# Every option of commit, by the checksum of the commit that the peer makes of the same input.
. "$(dirname "$0")/common.sh"
make_odd odd

# A small tree with a little of everything, and two to put over it.
mkdir -p base/bin base/etc/dir base/var
printf '#!/bin/sh\n' >base/bin/run && chmod 0775 base/bin/run
printf 'a' >base/bin/setuid && chmod 4755 base/bin/setuid
printf 'conf' >base/etc/conf && chown 10:20 base/etc/conf
printf 'x' >base/etc/dir/x && setfattr -n user.note -v v base/etc/dir/x
ln -s run base/bin/alias
chmod 1777 base/var
setfattr -n trusted.note -v d base/var
mkdir -p over/etc/dir over/new && printf 'conf2' >over/etc/conf && printf y >over/etc/dir/y && printf n >over/new/n
chmod 0700 over/etc
mkdir -p clash/bin/run && printf z >clash/bin/run/z

# The peer lists refs in no order.
same_refs () { is "$1" "$(ours refs | sort)" "$(peer refs | sort)"; }
commit () { agree "$1" commit -b "$2" --timestamp=$WHEN "${@:3}"; }

for m in bare archive bare-user bare-user-only; do
  init_both "$m"

  commit "$m: --subject" o -s 'A subject' base
  commit "$m: --body" o -s 'A subject' -m $'A body\nof two lines' base
  printf 'From a file\n\nwith a body\n' >message
  commit "$m: --body-file" o -F message base
  commit "$m: --body-file with a subject" o -s Subject -F message base

  for t in '2020-02-03 04:05:06 +0100' '2020-02-03T04:05:06Z' '2020-02-03 04:05:06 UTC' @1 '1999-12-31'; do
    agree "$m: --timestamp=$t" commit --orphan --timestamp="$t" base
  done

  commit "$m: --parent" with-parent --parent="$(peer rev-parse o)" base
  commit "$m: --parent=none" o --parent=none base
  commit "$m: --orphan" o --orphan base
  same_refs "$m: --orphan leaves no ref"

  commit "$m: --no-bindings" unbound --no-bindings base
  commit "$m: --bind-ref" bound --bind-ref=x/y --bind-ref=a/b base
  commit "$m: --bind-ref is sorted" bound --bind-ref=a/b --bind-ref=x/y base
  agree "$m: --orphan --bind-ref" commit --orphan --bind-ref=z --timestamp=$WHEN base

  commit "$m: --add-metadata-string" meta --add-metadata-string=version=1.0 --add-metadata-string=b=c=d base
  agree "$m: shown" show --print-metadata-key=b meta
  commit "$m: --add-metadata" meta --add-metadata="n=uint32 7" --add-metadata="l=['a', 'b']" \
    --add-metadata="v=<{'k': <true>}>" base
  commit "$m: --keep-metadata" meta --keep-metadata=n --keep-metadata=l base
  refuse "$m: --keep-metadata of a missing key" "nope" commit -b meta --keep-metadata=nope base
  refuse "$m: --add-metadata that does not parse" "." commit -b meta --add-metadata='n=uint32 x' base
  refuse "$m: --add-metadata-string without =" "novalue" commit -b meta --add-metadata-string=novalue base
  commit "$m: --add-detached-metadata-string" detached --add-detached-metadata-string=d=e base
  agree "$m: shown detached" show --print-detached-metadata-key=d detached
  c=$(peer rev-parse detached)
  ok "$m: the same detached metadata" cmp "ours.$m/objects/${c:0:2}/${c:2}.commitmeta" "peer.$m/objects/${c:0:2}/${c:2}.commitmeta"

  commit "$m: --owner-uid" owner --owner-uid=12 odd
  commit "$m: --owner-gid" owner --owner-gid=34 odd
  commit "$m: both" owner --owner-uid=0 --owner-gid=0 odd
  commit "$m: --no-xattrs" noxattrs --no-xattrs odd
  commit "$m: --canonical-permissions" canonical --canonical-permissions odd
  commit "$m: --mode-ro-executables" ro --mode-ro-executables odd
  commit "$m: all of them" allmods --owner-uid=0 --no-xattrs --canonical-permissions --mode-ro-executables odd

  refuse "$m: --canonical-permissions with an owner" "owner-uid" commit -b allmods --canonical-permissions --owner-uid=1 base

  printf '%s\n' '2048 /bin/run' '=493 /bin/setuid' '=448 /etc' '=384 /etc/dir/x' >statoverride
  commit "$m: --statoverride" stat --statoverride=statoverride base
  agree "$m: its modes" ls -R stat
  printf '=384 /nowhere\n' >statoverride
  commit "$m: --statoverride with = of a missing path" stat --statoverride=statoverride base
  printf '2048 /nowhere\n' >statoverride
  refuse "$m: --statoverride of a missing path" "nowhere" commit -b stat --statoverride=statoverride base
  printf 'nonsense\n' >statoverride
  refuse "$m: --statoverride that is none" "." commit -b stat --statoverride=statoverride base
  printf '%s\n' /etc/conf /var >skip
  commit "$m: --skip-list" skipped --skip-list=skip base
  agree "$m: what is left" ls -R skipped
  printf '%s\n' /etc >skip
  commit "$m: --skip-list of a directory" skipped --skip-list=skip base
  printf '%s\n' /nowhere >skip
  refuse "$m: --skip-list of a missing path" "nowhere" commit -b skipped --skip-list=skip base

  commit "$m: --tree=dir" trees --tree=dir=base
  commit "$m: two trees" trees --tree=dir=base --tree=dir=over
  agree "$m: united" ls -R -C -X trees
  commit "$m: the other way round" trees --tree=dir=over --tree=dir=base
  commit "$m: three, one twice" trees --tree=dir=base --tree=dir=over --tree=dir=base
  refuse "$m: a directory over a file" "run" commit -b trees --tree=dir=base --tree=dir=clash
  refuse "$m: a file over a directory" "run" commit -b trees --tree=dir=clash --tree=dir=base
  commit "$m: --base" based --base=trees over
  commit "$m: --base and two trees" based --base=trees --tree=dir=base --tree=dir=over
  commit "$m: --base is not modified" based --base=trees --owner-uid=77 over
  agree "$m: owners" ls -R based

  for o in --fsync=false --fsync=true --link-checkout-speedup; do commit "$m: $o" plain "$o" base; done

  commit "$m: --table-output" table --table-output --add-metadata-string=t=1 base
  commit "$m: --skip-if-unchanged, changed" skipif --skip-if-unchanged base
  commit "$m: --skip-if-unchanged, not" skipif --skip-if-unchanged --add-metadata-string=x=y base
  is "$m: one commit" "$(ours log skipif | grep -c ^commit)" 1
  commit "$m: --skip-if-unchanged, changed again" skipif --skip-if-unchanged over
  is "$m: two commits" "$(ours log skipif | grep -c ^commit)" 2

  for who in ours peer; do rm -rf "c.$who" && cp -a odd "c.$who"; done
  is "$m: --consume" "$(ours commit -b consume --timestamp=$WHEN --consume c.ours)" \
    "$(peer commit -b consume --timestamp=$WHEN --consume c.peer)"
  is "$m: --consume leaves what the peer leaves" "$(find c.ours 2>&1 | sed s/ours/X/)" "$(find c.peer 2>&1 | sed s/peer/X/)"
  for who in ours peer; do rm -rf "c.$who" && cp -a base "c.$who" && ln "c.$who/etc/conf" "c.$who/etc/conf2"; done
  is "$m: --consume of hardlinks" "$(ours commit -b consume --timestamp=$WHEN --consume --tree=dir=c.ours)" \
    "$(peer commit -b consume --timestamp=$WHEN --consume --tree=dir=c.peer)"
  is "$m: leaves the same" "$(find c.ours 2>&1 | sed s/ours/X/)" "$(find c.peer 2>&1 | sed s/peer/X/)"
  for who in ours peer; do rm -rf "c.$who" && cp -a base "c.$who"; printf '/etc\n' >skip; done
  is "$m: --consume with --skip-list" "$(ours commit -b consume --timestamp=$WHEN --consume --skip-list=skip c.ours)" \
    "$(peer commit -b consume --timestamp=$WHEN --consume --skip-list=skip c.peer)"
  is "$m: leaves what it skipped" "$(find c.ours 2>&1 | sed s/ours/X/ | sort)" "$(find c.peer 2>&1 | sed s/peer/X/ | sort)"

  refuse "$m: neither branch nor orphan" "branch" commit base
  refuse "$m: a branch name that is none" "." commit -b 'a b' base
  refuse "$m: a tree that is missing" "missing" commit -b x missing
  refuse "$m: a tree that is a file" "message" commit -b x message
  refuse "$m: an unknown kind of tree" "cpio" commit -b x --tree=cpio=base
  refuse "$m: a timestamp that is none" "." commit -b x --timestamp='not a date' base
  refuse "$m: a parent that is none" "." commit -b x --parent=0123 base

  ok "$m: the peer checks it all" "$OSTREE" --repo="ours.$m" fsck -q
  same_refs "$m: all refs"
done

# Bootable wants a kernel and says where it looked.
init_both bare
refuse "--bootable without a kernel" "." commit -b boot --bootable base
mkdir -p base/usr/lib/modules/6.1.0-test && printf kernel >base/usr/lib/modules/6.1.0-test/vmlinuz
commit "--bootable" boot --bootable base
agree "its metadata" show --print-metadata-key=ostree.linux boot
printf initrd >base/usr/lib/modules/6.1.0-test/initramfs.img
commit "--bootable with an initramfs" boot --bootable base
rm -r base/usr

# Speedups must not change what is committed, also where a file of the checkout was replaced.
m=bare
init_both bare
for who in ours peer; do
  "$who" commit -b src --timestamp=$WHEN base >/dev/null
  "$who" checkout -H src "co.$who"
  printf replaced >new && mv new "co.$who/etc/conf"
  rm "co.$who/bin/alias" && ln -s elsewhere "co.$who/bin/alias"
done
for o in -I --devino-canonical --link-checkout-speedup --fsync=false; do
  is "$o on a changed checkout" "$(ours commit --orphan --timestamp=$WHEN $o co.ours)" \
    "$(peer commit --orphan --timestamp=$WHEN $o co.peer)"
  is "$o with --table-output" "$(ours commit --orphan --timestamp=$WHEN --table-output $o co.ours)" \
    "$(peer commit --orphan --timestamp=$WHEN --table-output $o co.peer)"
done
for m in bare-user bare-user-only; do
  init_both "$m"
  for who in ours peer; do
    "$who" commit -b src --timestamp=$WHEN --owner-uid=3 base >/dev/null
    rm -rf "co.$who"
    "$who" checkout -H -U src "co.$who"
    printf replaced >new && chmod 640 new && mv new "co.$who/etc/conf"
  done
  is "$m: -I on a user checkout" "$(ours commit --orphan --timestamp=$WHEN -I co.ours)" \
    "$(peer commit --orphan --timestamp=$WHEN -I co.peer)"
done

# Sizes depend on the compressor, so both find the objects there.
init_both archive
peer commit -b objects --timestamp=$WHEN odd >/dev/null && peer commit -b base --timestamp=$WHEN base >/dev/null
rm -rf "ours.$mode" && cp -a "peer.$mode" "ours.$mode"
commit "--generate-sizes" sizes --generate-sizes odd
agree "as a list" show --print-metadata-key=ostree.sizes sizes
agree "--print-sizes" show --print-sizes sizes
commit "behind other metadata" sizes --generate-sizes --add-metadata-string=a=b --bind-ref=x odd
commit "of a commit as a tree" sizes --generate-sizes --tree=ref=base
find "ours.$mode" "peer.$mode" -name '*.filez' -delete
agree "--print-sizes of what isn't there" show --print-sizes sizes
init_both bare
commit "--generate-sizes in a bare repository" sizes --generate-sizes base

# The editor: the message is what it leaves, without the comments.
init_both bare
printf '#!/bin/sh\nprintf "From the editor\\n\\nBody\\n# a comment\\n" >"$1"\n' >editor && chmod +x editor
export EDITOR=$T/editor
commit "--editor" edited --editor base
printf '#!/bin/sh\n: >"$1"\n' >editor
refuse "--editor with an empty message" "." commit -b edited -e base

done_testing
