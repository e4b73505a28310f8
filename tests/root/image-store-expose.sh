#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# image store expose: a user's rootless podman runs images from a store of root's, with the right owners and without a
# copy. The users are those of an /etc in the mount namespace of this script.
. "$(dirname "$0")/../lib/tap.sh"
need_cmd python3 newuidmap setpriv
. "$SRC/tests/root/podman-common.sh"

# The user has to get here.
chmod 711 "$T" && chmod 755 .
cp -a /etc etc
printf '%s\n' "alice:x:1500:1501::$PWD/home/alice:/bin/sh" "bob:x:1600:1601::$PWD/home/bob:/bin/sh" \
  "carol:x:1700:1701::$PWD/home/carol:/bin/sh" >>etc/passwd
printf '%s\n' alice:x:1501: bob:x:1601: carol:x:1701: >>etc/group
printf '%s\n' alice:200000:65536 bob:400000:70000 1600:300000:1000 >etc/subuid
printf '%s\n' alice:700000:65536 1600:800000:70000 >etc/subgid
mount --bind etc /etc
declare -A uid=([alice]=1500 [bob]=1600)
for name in alice bob; do
  mkdir -p home/$name/.config/containers run/$name exposed/$name
  printf '[engine]\nlock_type = "file"\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\nruntime = "crun"\n' \
    >home/$name/.config/containers/containers.conf
  chown -R ${uid[$name]}:$((uid[$name] + 1)) home/$name run/$name
done
# as NAME COMMAND...
as ()
{
  setpriv --reuid "${uid[$1]}" --regid $((uid[$1] + 1)) --clear-groups env -i HOME="$PWD/home/$1" XDG_RUNTIME_DIR="$PWD/run/$1" \
    USER="$1" PATH="$PATH" LC_ALL=C.UTF-8 "${@:2}" 3>&-
}
as alice test -x . || skip_all "other users can't get to $PWD"
# podman leaves a process that has the user's namespaces.
stop_podman () { local f=run/$1/libpod/tmp/pause.pid; [ ! -e "$f" ] || kill "$(cat "$f")" 2>/dev/null || true; rm -f "$f"; }
at_exit "cd $PWD; as alice podman rm -fa -t 0 >/dev/null 2>&1; stop_podman alice; stop_podman bob"
expose () { "$UNDERLAY" image store expose "$@"; }
# start NAME IMAGE: a container that stays, for podman waits 20 seconds for the end of one that it was attached to.
start () { as alice podman run -d --name "$1" "${limits[@]}" "$2" /bin/sleep 1000 >/dev/null; }
in_container () { as alice podman exec "$@"; }

# A layer that has owners, a program with setuid, and more ids than anybody here has; one upon it that deletes.
mkdir -p base/bin base/etc/sub one/etc/sub base/tmp
cp "$(command -v busybox)" base/bin/busybox
cp "$(command -v busybox)" base/bin/su
cp "$(command -v cat)" base/bin/owncat
chmod 4755 base/bin/su base/bin/owncat
for a in sh cat ls stat rm chown sleep; do ln -s busybox "base/bin/$a"; done
printf 'root::0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >base/etc/passwd
chmod 555 base one && chmod 1777 base/tmp
echo base >base/etc/base && chown 12:34 base/etc/base
echo last >base/etc/last && chown 65536:65536 base/etc/last
echo beyond >base/etc/beyond && chown 1000000:65536 base/etc/beyond
echo gone >base/etc/gone
echo hard >base/etc/hard
echo lower >base/etc/sub/lower
echo upper >one/etc/sub/upper && chown -R 5:6 one/etc/sub
: >one/etc/.wh.gone
: >one/etc/sub/.wh..wh..opq
head -c 3000000 /dev/urandom >base/etc/large
for l in base one; do tar -C $l -c --format=pax --sort=name . >$l.tar; done
mkimage layout base base.tar >/dev/null
mkimage layout app base.tar one.tar >/dev/null
export UNDERLAY_REPO=repo
"$UNDERLAY" init --mode=bare
"$UNDERLAY" image import -q --name=app oci:layout:app
"$UNDERLAY" image import -q --name=base oci:layout:base
# Not --shared, and where nobody but root gets to.
mkdir closed && chmod 700 closed
"$UNDERLAY" image store create -q --store=closed/store app
"$UNDERLAY" image store create -q --store=public --shared app
in_use () { du -sB1 closed/store repo | cut -f1 | tr '\n' ' '; }

run expose --store=closed/store --user=alice --unit=units exposed/alice
[[ ! $err =~ "by this kernel"|"no idmapped mounts" ]] || skip_all "no idmapped mounts of tmpfs here"
fails_with "units can't be written" "^error: write a unit to units: .*: No such file or directory$" \
  expose --store=closed/store --user=alice --unit=units exposed/alice
umount exposed/alice

# --- what is wrong

here=$PWD
e () { expose --store=closed/store --user=alice "$@"; }
fails_with "no such directory" "^error: $here/nowhere: No such file or directory$" e nowhere
: >file
fails_with "a file" "^error: $here/file: Not a directory$" e file
fails_with "a directory with something in it" "^error: $here/home: the directory isn't empty$" e home
ln -s exposed/alice link
ln -s exposed links
fails_with "a symlink" "^error: $here/link: a symlink is on the way there, give the path without$" e link
fails_with "a symlink on the way" "^error: $here/links/alice: a symlink is on the way there" e links/alice
mkdir closed/store/in
fails_with "in the store" "^error: $here/closed/store/in: is in the store itself$" e closed/store/in
rmdir closed/store/in
fails_with "the store" "is in the store itself" e closed/store
mkdir closed/dir
fails_with "where the user doesn't get to" "^error: $here/closed/dir: user alice can't get there: Permission denied$" e closed/dir
chmod 750 closed
fails_with "what root's group may doesn't count" "user alice can't get there: Permission denied$" e closed/dir
chown :1701 closed
sed -i 's/^carol:.*/&alice/' etc/group
ok "what the user's groups may does" e --dry-run closed/dir
chown :root closed && chmod 700 closed
mkdir other && mount -t tmpfs none other
fails_with "another mount" "^error: $here/other: something else is mounted there$" e other
fails_with "isn't taken away" "^error: $here/other: something else is mounted there$" expose --remove other
umount other
fails_with "the root directory" "^error: /: something else is mounted there$" e /
fails_with "no such user" "^error: no such user: dave$" expose --store=closed/store --user=dave exposed/alice
fails_with "root" "^error: user root: root uses the store as it is$" expose --store=closed/store --user=0 exposed/alice
fails_with "no subordinate ids" "^error: user carol: no ids in /etc/subuid$" expose --store=closed/store --user=carol exposed/alice
echo carol:900000:5 >>/etc/subuid
fails_with "of groups" "^error: user carol: no ids in /etc/subgid$" expose --store=closed/store --user=1700 exposed/alice
echo carol:x >>/etc/subgid
fails_with "a damaged line" "^error: user carol: /etc/subgid, line 3: not USER:FIRST:COUNT$" expose --store=closed/store --user=carol exposed/alice
fails_with "no store" "^error: home: not a container store" expose --store=home --user=alice exposed/alice
cp -a public theirs && chown 1500 theirs/overlay
fails_with "a store of another owner" "^error: theirs: the store belongs to uid 1500 and not to root" expose --store=theirs --user=bob exposed/bob
# alice may not get to where the program is built.
fails_with "not root" "^error: Only root can mount a store$" \
  setpriv --reuid 1500 --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override "$UNDERLAY" image store expose --store=public --user=alice exposed/alice
fails_with "nothing to take away" "^error: $here/exposed/alice: no store is mounted there$" expose --remove exposed/alice
mkdir -p o.base o.upper o.work o.merged
mount -t overlay none -o lowerdir=o.base,upperdir=o.upper,workdir=o.work o.merged
"$UNDERLAY" image store create -q --store=o.merged/store base
fails_with "a file system that can't" "^error: $here/o.merged/store: its file system can't be mounted with other owners" \
  expose --store=o.merged/store --user=alice exposed/alice
umount o.merged
is "nothing is mounted" "$(grep -c "$here/exposed" /proc/self/mountinfo)" 0

# --- mounted

ok "a dry run" e --dry-run exposed/alice
like "says what would be" "$out" "^would mount $here/closed/store at $here/exposed/alice for alice"
is "and does nothing" "$(ls exposed/alice)" ""
before=$(in_use)
ok "mounted" e exposed/alice
is "what it says" "$out" "mounted $here/closed/store at $here/exposed/alice for alice
uids that alice has no id for, and that appear as nobody: 1000000
$here/home/alice/.config/containers/storage.conf needs this:

[storage]
driver = \"overlay\"

[storage.options]
additionalimagestores = [\"$here/exposed/alice\"]"
like "the mount" "$(grep " $here/exposed/alice " /proc/self/mountinfo)" " ro,nosuid,nodev,relatime,idmapped "
sed -n '/^\[storage\]/,$p' <<<"$out" >home/alice/.config/containers/storage.conf
ok "again" e -q exposed/alice
is "nothing to say" "$out" ""
like "there already" "$(e exposed/alice)" "^there already: "
like "in the user's configuration, too" "$(e exposed/alice)" "storage.conf names it$"
is "it is there once" "$(grep -c " $here/exposed/alice " /proc/self/mountinfo)" 1
fails_with "another user" "something else is mounted there" expose --store=closed/store --user=bob exposed/alice
fails_with "another store" "something else is mounted there" expose --store=public --user=alice exposed/alice
fails_with "one that is mounted so" "the store belongs to uid 1500" expose --store=exposed/alice --user=bob exposed/bob

base=$(sha256sum <base.tar | cut -d' ' -f1)
stats () { stat -c '%u:%g' "$1/overlay/$base/diff/"{etc/passwd,etc/base,etc/last,etc/beyond} | tr '\n' ' '; }
is "owners outside of containers" "$(stats exposed/alice)" "1500:1501 200011:700033 265535:765535 65534:765535 "
is "of the store" "$(stats closed/store)" "0:0 12:34 65536:65536 1000000:65536 "
ok "another user's" expose -q --store=public --user=bob exposed/bob
is "with two ranges" "$(stats exposed/bob)" "1600:1601 300011:800033 464535:865535 65534:865535 "
is "which are podman's" "$(as bob podman unshare cat /proc/self/uid_map /proc/self/gid_map 2>/dev/null | awk '{ print $1, $2, $3 }')" \
  "$(expose --json --store=public --user=bob exposed/bob | python3 -c 'import json, sys
d = json.load(sys.stdin)
for m in d["uid_map"] + d["gid_map"]: print(m["inside"], m["outside"], m["count"])')"
mkdir dry
is "--json" "$(expose --json --dry-run --store=public --user=bob dry | python3 -c 'import json, sys
d = json.load(sys.stdin)
print(*d)
print(d["dry_run"], d["was_mounted"], d["user"], d["uid"], d["gid"], d["hidden_uids"], d["hidden_gids"], d["unit"], d["storage_conf_names_it"])')" \
  "store directory dry_run was_mounted user uid gid uid_map gid_map hidden_uids hidden_gids unit unit_text storage_conf storage_conf_names_it storage_conf_text
True False bob 1600 1601 [1000000] [] None False"

# --- the user's containers

is "podman lists the image" "$(as alice podman images --format '{{.Repository}}:{{.Tag}} {{.ReadOnly}}' 2>/dev/null)" "localhost/app:latest true"
ok "a container" start c app
run in_container c /bin/sh -c 'stat -c "%n %u:%g" /etc/passwd /etc/base /etc/last /etc/beyond /etc/sub; ls /etc/sub; test ! -e /etc/gone && echo deleted'
is "owners in a container, a whiteout and an opaque directory" "$out" "/etc/passwd 0:0
/etc/base 12:34
/etc/last 65536:65536
/etc/beyond 65534:65536
/etc/sub 5:6
upper
deleted"
diag "$err"
run in_container --user 1000 c /bin/su -c 'echo "$(cat /proc/self/status)"' root
like "setuid works in it" "$out" $'Uid:\t0\t0\t0\t0'
is "its layers are those of the store" "$(in_container c /bin/cat /proc/self/mountinfo | grep -o 'lowerdir=[^,]*' | tr ':' '\n' | grep -c "$here/exposed/alice/overlay/l/")" 2
in_container c /bin/sh -c 'echo new >/etc/base; echo x >/etc/new; chown 12:34 /etc/new; rm /etc/sub/upper /etc/last'
ok "commit" as alice podman commit -q --pause=false c mine
ok "and run that" start m mine
run in_container m /bin/sh -c 'stat -c "%n %u:%g" /etc/passwd /etc/base /etc/new; cat /etc/base; ls /etc/sub; test ! -e /etc/last && echo deleted'
is "with what was changed" "$out" $'/etc/passwd 0:0\n/etc/base 12:34\n/etc/new 12:34\nnew\ndeleted'
diag "$err"
is "the store takes no more" "$(in_use)" "$before"
# Beside what was written there are podman's own files.
ok "and the user has no copy" test "$(du -sB1 home/alice | cut -f1)" -lt 1000000
nok "the user can't write to it" as alice podman unshare touch "$here/exposed/alice/overlay/$base/diff/etc/base"
run as alice podman unshare umount "$here/exposed/alice"
isnt "nor take it off" "$status" 0
nok "nor write as who owns it" as alice touch "$here/exposed/alice/new"

# Who could run a program as the user whose it seems to be.
echo secret >secret && chown 1500:1501 secret && chmod 600 secret
own=exposed/alice/overlay/$base/diff/bin/owncat
ok "alice may read it" as alice "$own" secret
umount exposed/alice
expose -q --store=public --user=alice exposed/alice
is "a program that seems to be alice's, with setuid" "$(stat -c '%u %a' "$own")" "1500 4755"
nok "doesn't run as alice for bob" as bob "$own" secret
install -o 1500 -m 4755 "$(command -v cat)" owncat
is "as one on a usual mount does" "$(as bob ./owncat secret)" secret

# --- a store that changes, and a mount that goes

umount exposed/alice
e -q exposed/alice
"$UNDERLAY" image store add -q --store=closed/store base
is "what is added is there" "$(as alice podman images --format '{{.Repository}}' 2>/dev/null | sort | tr '\n' ' ')" "localhost/app localhost/base localhost/mine "
like "a dry run of --remove" "$(expose --remove --dry-run exposed/alice)" "^would unmount $here/exposed/alice$"
exec 4<"exposed/alice/overlay/$base/link"
fails_with "in use" "^error: $here/exposed/alice: in use, by a process that has something in it open$" expose --remove exposed/alice
exec 4<&-
ok "taken away" expose --remove exposed/alice
is "what it says" "$out" "unmounted $here/exposed/alice"
is "the mount is gone" "$(ls exposed/alice; grep -c " $here/exposed/alice " /proc/self/mountinfo)" 0
is "a container that runs goes on" "$(in_container m /bin/cat /etc/hard 2>/dev/null)" hard
as alice podman rm -f -t 0 c m >/dev/null

# A user's podman keeps a mount namespace. It gets what is mounted later where mounts are shared, as systemd has it.
stop_podman bob
mount --make-rshared "$here"
as bob podman unshare true 2>/dev/null
mkdir exposed/later
expose -q --store=public --user=bob exposed/later
is "podman that runs already sees it" "$(as bob podman unshare stat -c %u exposed/later/overlay 2>/dev/null)" 0
ok "taken away" expose -q --remove exposed/later
is "it goes there, too" "$(as bob podman unshare ls exposed/later 2>/dev/null)" ""
mount --make-rprivate "$here"
"$UNDERLAY" image store create -q --store=brief
expose -q --store=brief --user=bob exposed/later
rm -r brief
ok "the mount of a store that was deleted" expose --remove exposed/later

# --- at each start

mkdir units 'exposed/we %ird$ "dir' 'exposed/.hidden-ü'
ok "with a unit" e -q --unit=units exposed/alice
unit=units/underlay-expose-$(printf %s "${here#/}/exposed/alice" | sed 's/-/\\x2d/g; s|/|-|g').service
ok "which has systemd's name" test -f "$unit"
is "it is started at boot" "$(readlink "units/multi-user.target.wants/${unit#units/}")" "../${unit#units/}"
like "before users come" "$(cat "$unit")" $'\nBefore=systemd-user-sessions.service\n'
first=$(cat "$unit")
like "again" "$(e --unit=units exposed/alice)" "^there already: .*wrote units/underlay"
is "is the same" "$(cat "$unit")" "$first"
like "a dry run prints it" "$(e --dry-run --unit exposed/alice)" "would write /etc/systemd/system/underlay.*ExecStart=\"$(realpath "$BUILD/underlay")\" image store expose -q"
ok "and writes nothing" test -z "$(ls /etc/systemd/system/underlay* 2>/dev/null)"
for dir in 'exposed/we %ird$ "dir' 'exposed/.hidden-ü'; do
  ok "$dir: a unit" e -q --unit=units "$dir"
  umount "$dir"
done
if command -v systemd-analyze >/dev/null; then
  for dir in exposed/alice 'exposed/we %ird$ "dir' 'exposed/.hidden-ü'; do
    name=$(systemd-escape --path --suffix=service "$here/$dir")
    ok "$dir: systemd's name" test -f "units/underlay-expose-$name"
    run systemd-analyze verify --man=no "$here/units/underlay-expose-$name"
    is "$dir: systemd has nothing to say of it" "$status $err" "0 "
  done
  sed 's/^Type=.*/Type=nonsense/' "$unit" >units/broken.service
  run systemd-analyze verify --man=no "$here/units/broken.service"
  like "it would of a broken one" "$err" nonsense
else
  skip "units are systemd's" "no systemd"
fi
# command NAME FILE: what systemd would run, one word a line.
command_of () { python3 -c 'import re, sys
line = re.search(r"^%s=-?(.*)$" % sys.argv[1], open(sys.argv[2]).read(), re.M)[1]
for quoted, word in re.findall(r"\"((?:[^\"\\]|\\.)*)\"|(\S+)", line):
    print(re.sub(r"\\(.)", r"\1", quoted or word).replace("%%", "%").replace("$$", "$"))' "$1" "$2"; }
for f in units/*ird*.service "$unit"; do
  mapfile -t start < <(command_of ExecStart "$f")
  mapfile -t stop < <(command_of ExecStop "$f")
  dir=${start[-1]}
  ok "${f#units/}: what it starts" "${start[@]}"
  is "mounts" "$(stat -c %u "$dir/overlay")" 1500
  ok "what it stops" "${stop[@]}"
  is "unmounts" "$(ls "$dir")" ""
done
e -q exposed/alice
is "--remove takes the unit, too" "$(expose --remove --unit=units exposed/alice)" "unmounted $here/exposed/alice
removed $unit"
ok "both its names" test ! -e "$unit" -a ! -L "units/multi-user.target.wants/${unit#units/}"
rm -r 'exposed/we %ird$ "dir'
is "a unit alone, whose directory is gone" "$(expose --json --remove --unit=units 'exposed/we %ird$ "dir' | python3 -c 'import json, sys
d = json.load(sys.stdin); print(*d, d["was_mounted"], d["unit"] is not None)')" "directory dry_run was_mounted unit False True"
mkdir "exposed/$(printf 'é%.0s' {1..60})"
fails_with "a name too long for a unit" "too long a path for the name of a unit$" e --unit=units "exposed/$(printf 'é%.0s' {1..60})"

# --- ids from elsewhere than files

mkdir bin
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$1" = -g ] && echo "0: $2 5000 7" || { echo "0: $1 9000 3"; echo "1: $1 8000 2"; }\n' >bin/getsubids
chmod 755 bin/getsubids
map () { PATH=$PWD/bin:$PATH expose --json --dry-run --store=public --user=carol dry | python3 -c 'import json, sys
d = json.load(sys.stdin); print([list(m.values()) for m in d["uid_map"]], [list(m.values()) for m in d["gid_map"]])'; }
sed -i '/^carol/d' /etc/subgid && echo carol:600000:5 >>/etc/subgid
of_files="[[0, 1700, 1], [1, 900000, 5]] [[0, 1701, 1], [1, 600000, 5]]"
is "from files" "$(map)" "$of_files"
sed -i '/^subid:/d' /etc/nsswitch.conf
echo 'subid: files' >>/etc/nsswitch.conf
is "said so" "$(map)" "$of_files"
sed -i 's/^subid:.*/  subid:	sss/' /etc/nsswitch.conf
is "from another source" "$(map)" "[[0, 1700, 1], [1, 8000, 2], [3, 9000, 3]] [[0, 1701, 1], [1, 5000, 7]]"
printf '#!/bin/sh\nexit 1\n' >bin/getsubids
with_path () { env PATH="$1" "$UNDERLAY" image store expose --dry-run --store=public --user=carol dry; }
fails_with "which has none" "^error: user carol: no ids in what getsubids says$" with_path "$PWD/bin:$PATH"
fails_with "no way to ask it" "^error: user carol: /etc/nsswitch.conf has another source than /etc/subuid: " with_path "$PWD/dry"

stop_podman alice
stop_podman bob
umount exposed/bob /etc
done_testing
