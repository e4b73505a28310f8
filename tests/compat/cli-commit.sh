#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# commit: the same words give the same commit, object for object.

. "$(dirname "$0")/cli-lib.sh"

make_repo
mkdir over && echo over >over/added && ln -s x over/link
printf '%s\n' '2048 /usr/bin/prog' '=384 /etc/conf' '64 /etc/sp ace' '=448 /etc' '0x40 /opaque' >statoverride
printf '%s\n' /etc/conf /usr '' >skip
printf '  body\n\nof a file\n' >body
mkdir -p boot/usr/lib/modules/6.1 && echo kernel >boot/usr/lib/modules/6.1/vmlinuz

c () { on_copies "commit $*" commit --timestamp=@1600000009 "$@"; }

c -b main tree
c -b new tree
c -b new -s subject -m $'body\nof two' tree
c -b new -F body tree
c -b new -s subject -m gone -F body tree
c --orphan tree
c --orphan -b new tree
c --orphan --bind-ref=q/r tree
c -b rem:new tree
c -b new --tree=dir=tree --tree=dir=over
c -b new --tree=dir=over --tree=dir=tree
c -b new --base=main --tree=dir=over
c -b new --base=main^ over
c -b main --parent=none tree
c -b main --parent="$one" tree
c -b new --parent="$one" tree
c -b main --skip-if-unchanged tree
c -b main --skip-if-unchanged over
c -b main --skip-if-unchanged --parent="$three" tree
c -b main --no-bindings tree
c -b main --no-bindings --bind-ref=b tree
c -b main --bind-ref=z --bind-ref=a --bind-ref=z tree
c -b main --add-metadata-string=k=a=b --add-metadata='n=uint32 5' --add-metadata-string=l= tree
c -b main --add-metadata="v=[('a', <1>)]" --add-metadata="w=@a{sv} {}" tree
c -b main --add-metadata-string=k=1 --add-metadata-string=k=2 tree
c -b main --add-detached-metadata-string=k=v tree
c -b dev/y --keep-metadata=ostree.ref-binding tree
c -b main --parent="$one" --keep-metadata=version --keep-metadata=n --add-metadata-string=k=v tree
c -b main --owner-uid=5 --owner-gid=6 tree
c -b main --owner-uid=0 tree
c -b main --canonical-permissions tree
c -b main --mode-ro-executables tree
c -b main --no-xattrs tree
c -b main --statoverride=statoverride tree
c -b main --skip-list=skip tree
c -b main --bootable --tree=dir=boot
c -b main --link-checkout-speedup tree
c -b main -I tree
c -b main --fsync=no tree
c -b main --table-output over
c -b main --owner-uid=5 --statoverride=statoverride --skip-list=skip --no-xattrs --mode-ro-executables tree

for t in now 2020-01-01 '2020-01-01 10:00' 2020-01-01T10:00:00Z 2020-01-01T10:00:00+02:00 @1 @-5 @1.5 \
         'Wed, 01 Jan 2020 10:00:00 +0200' yesterday 20200101 10:00 '2020-01-01 10:00:00.9' '2020-01-01 10:00:00 EST' \
         'last monday' '1 jan 2020' 1/2/2020 'TZ="Asia/Tokyo" 2020-01-01' ''; do
  # The clock may tick between the two for those that depend on it: then once more.
  for _ in 1 2 3; do
    a=$("$OSTREE" --repo=r commit --orphan --timestamp="$t" over 2>/dev/null || true)
    b=$("$UNDERLAY" --repo=r commit --orphan --timestamp="$t" over 2>/dev/null || true)
    [ "$a" != "$b" ] || break
  done
  is "--timestamp='$t'" "$b" "$a"
done

same_error commit --repo=r tree
same_error commit --repo=r -b 'a b' tree
same_error commit --repo=r -b x --tree=tree
same_error commit --repo=r -b x --tree=foo=tree
same_error commit --repo=r -b x --add-metadata-string=foo tree
same_error commit --repo=r -b x --add-metadata-string==foo tree
same_error commit --repo=r -b x --add-metadata="foo=bar" tree
same_error commit --repo=r -b x --add-detached-metadata-string=foo tree
same_error commit --repo=r -b main --keep-metadata=nope tree
same_error commit --repo=r --orphan --keep-metadata=nope tree
same_error commit --repo=r -b x --fsync=bogus tree
same_error commit --repo=r -b x --timestamp=bogus tree
same_error commit --repo=r -b x --timestamp=1600000000 tree
same_error commit --repo=r -b x --base=nope tree
for words in --tree=dir=nope nope tree/top -F nofile; do
  # shellcheck disable=SC2086
  same commit --repo=r -b x ${words/-F/-F } tree/nope
done
is "nothing came of these" "$("$OSTREE" refs --repo=r x)" ""

done_testing
