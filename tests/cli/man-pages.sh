#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The manual pages: in step with the command table, sound troff, and their examples run

. "$(dirname "$0")/../lib/tap.sh"

pages=$SRC/docs/man
table=$("$UNDERLAY" --dump-commands)
mapfile -t verbs < <(awk -F '\t' '$1 == "verb" { print $2 }' <<<"$table")
# "image import" is on the page underlay-image-import.1.
named=$(printf '%s\n' "${verbs[@]// /-}" | sort)

# Troff source as it is read: font changes gone, characters unescaped.
plain () { sed -E 's/\\f[BIRP]//g; s/\\-/-/g; s/\\&//g; s/\\\(aq/'\''/g; s/\\\(dq/"/g; s/\\e/\\/g; s/\\ / /g'; }

# The lines of section $2 of page $1.
section () { awk -v want="$2" '$1 == ".SH" { on = (substr ($0, 5) == want); next } on' "$pages/$1"; }

# Options that page $1 describes: the tag of each paragraph in OPTIONS, "-j, --jobs=N", sorted.
described ()
{
  section "$1" OPTIONS | awk '$1 == ".RS" { depth++ } $1 == ".RE" { depth-- } tag && !depth { print } { tag = ($1 == ".TP") }' \
    | sed -E 's/^\.B //' | plain | sort
}

# The same from the command table; `-` is the program.
declared ()
{
  awk -F '\t' -v verb="$1" '$1 == "option" && $2 == verb {
    print ($4 == "-" ? "" : $4 ", ") $3 ($5 == "-" ? "" : $5 ~ /^\[/ ? $5 : "=" $5)
  }' <<<"$table" | sort
}

# same_lines NAME GOT WANT
same_lines ()
{
  if [ "$2" = "$3" ]; then
    pass "$1"
  else
    fail "$1" "$(diff --label got --label wanted -U0 <(echo "$2") <(echo "$3") | grep -v '^@@')"
  fi
}

# --- which pages there are

isnt "there are verbs" "$named" ""
same_lines "a page for each verb, none besides" \
   "$(cd "$pages" && printf '%s\n' underlay-*.1 | sed 's/^underlay-//; s/\.1$//' | sort)" "$named"
same_lines "underlay.1 names each verb" \
   "$(section underlay.1 COMMANDS | sed -nE 's/^\.BR underlay\\-(.*) \(1\)$/\1/p' | plain | sort)" "$named"
same_lines "every page is installed" \
   "$(sed -nE 's|^[[:space:]]*docs/man/([^ ]*).*|\1|p' "$SRC/docs/Makemodule.am" | sort)" \
   "$(cd "$pages" && printf '%s\n' * | sort)"

# --- options

for verb in - "${verbs[@]}"; do
  page=underlay-${verb// /-}.1
  [ "$verb" != - ] || page=underlay.1
  isnt "$page describes options" "$(described "$page")" ""
  same_lines "$page describes just the options there are" "$(described "$page")" "$(declared "$verb")"
done

# --- what every page has

for page in "$pages"/*; do
  name=$(basename "$page")
  head=$(sed -n '/^\.TH/p' "$page" | plain)
  base=${name%.*}
  like "$name: title line" "$head" "^\.TH ${base^^} ${name##*.} "
  want='NAME DESCRIPTION EXAMPLES SEE ALSO'
  [ "${name##*.}" != 1 ] || want='NAME SYNOPSIS DESCRIPTION OPTIONS EXIT STATUS EXAMPLES SEE ALSO'
  missing=
  for s in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
    [[ " $want " != *" $s "* ]] || grep -qx "\.SH $s" "$page" || missing+=" $s"
  done
  is "$name: sections" "$missing" ""
done

# --- configuration keys

keys=$(sed -nE 's/.*get_(bool|int|string) \(config, ("(core|archive|ex-fsverity|image)", )?"([a-z_-]+)".*/\4/p;
                s/.*"core", "(enable-uncompressed-cache)".*/\1/p' \
         "$SRC"/src/libstore/repo/config.c "$SRC"/src/libstore/checkout/cache.c | sort -u)
like "there are keys" "$keys" "mode.*repo_version"
same_lines "underlay-repo-config.5 describes just the keys we act on" \
   "$(awk '/^\.SH \[/ { on = 1; next } /^\.SH/ { on = 0 } on && tag { print } { tag = ($1 == ".TP") }' \
        "$pages/underlay-repo-config.5" | sed 's/^\.B //' | plain | sort)" "$keys"

# --- troff

if command -v man >/dev/null; then
  for page in "$pages"/*; do
    run env MANWIDTH=80 man --warnings=w -E UTF-8 -l "$page"
    is "$(basename "$page"): no warnings" "$status $err" "0 "
  done
  # A page with a mistake, to know that the check above would see it.
  { cat "$pages/underlay-cat.1"; echo '.NOSUCH macro'; } >broken.1
  run env MANWIDTH=80 man --warnings=w -E UTF-8 -l "$T/broken.1"
  like "a mistake is warned about" "$err" NOSUCH
else
  skip "no warnings" "no man"
fi

# --- examples: lines with a prompt, `#` for root

mkdir bin && ln -s "$UNDERLAY" bin/underlay
prompts='[$]'
[ "$(id -u)" != 0 ] || prompts='[$#]'
for page in "$pages"/*.1; do
  name=$(basename "$page")
  awk '$1 == ".EX" { on = 1; next } $1 == ".EE" { on = 0 } on' "$page" | plain \
    | sed -nE "s/^$prompts //p" >commands
  rm -rf box && mkdir -p box/rootfs/etc
  echo box >box/rootfs/etc/hostname
  {
    "$UNDERLAY" init --repo=box/repo
    "$UNDERLAY" commit --repo=box/repo -b main box/rootfs
    mktar layer.tar pax 'd|etc|' 'f|etc/motd|box'
    mkimage box/layout 1 layer.tar
    "$BUILD/tests/image/make-store" box/theirs localhost/app:1 box/rootfs layer.tar layer.tar
  } >setup.log
  isnt "$name has examples" "$(cat commands)" ""
  # An overlay needs a mount namespace of its own, and another lower file system than an overlay.
  wrap=()
  ! grep -q '^mount' commands || wrap=(unshare -m)
  if [ -n "${wrap[*]}" ] && ! { mkdir -p p/l p/u p/w p/m && unshare -m mount -t overlay overlay \
      -o lowerdir=p/l,upperdir=p/u,workdir=p/w p/m 2>/dev/null; }; then
    skip "$name: its examples work" "no overlay mounts here"
    continue
  fi
  ok "$name: its examples work" env -C box PATH="$T/bin:$PATH" "${wrap[@]}" bash -euo pipefail "$T/commands"
done

done_testing
