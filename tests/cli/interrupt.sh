#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What is interrupted leaves nothing behind in the repository, and ends by the signal

. "$(dirname "$0")/../lib/tap.sh"

python3 - <<'EOF'
import os
for d in range(200):
    os.makedirs(f"tree/{d}")
    for f in range(60):
        with open(f"tree/{d}/{f}", "w") as out:
            out.write(f"{d}/{f}")
EOF

cat >interrupt.py <<'EOF'
"""interrupt.py SIGNAL TIMES COMMAND...: sends it as soon as something is staged (for a commit, or for the cache);
prints the exit status, negative for a signal."""
import glob, os, signal, subprocess, sys
name, times, *command = sys.argv[1:]
signum = getattr(signal, name)
ignored = times == "ignored"
process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                           preexec_fn=lambda: signal.signal(signum, signal.SIG_IGN if ignored else signal.SIG_DFL))
while process.poll() is None and not (glob.glob("r/tmp/staging-*/new-*/*") or glob.glob("r/tmp/uncompressed-*/*")):
    pass
process.send_signal(signal.SIGSTOP)
for _ in range(1 if ignored else int(times)):
    process.send_signal(signum)
process.send_signal(signal.SIGCONT)
print(process.wait())
EOF

# interrupt SIGNAL TIMES WORDS...: $result is the exit status. Whoever was too fast for the signal is asked again.
interrupt ()
{
  for _ in 1 2 3 4 5; do
    rm -rf r
    "$UNDERLAY" --repo=r init --mode=bare-user
    result=$(python3 interrupt.py "$1" "$2" "$UNDERLAY" --repo=r "${@:3}" 2>stderr)
    [ -e r/refs/heads/main ] || break
  done
}

left () { find r/tmp -mindepth 1 -name 'staging-*'; find r/refs -type f; find r/objects -type f; }

for jobs in 1 4; do
  for signal in SIGINT SIGTERM SIGHUP; do
    interrupt $signal 1 commit --jobs=$jobs -b main tree
    is "$signal with $jobs threads: ends the process" "$result" "-$(kill -l "${signal#SIG}")"
    is "$signal with $jobs threads: nothing is left" "$(left)" ""
    is "$signal with $jobs threads: nothing is said" "$(cat stderr)" ""
  done
done
ok "the next commit works" "$UNDERLAY" --repo=r commit -b main tree
ok "and is sound" "$UNDERLAY" --repo=r fsck -q

result=$(python3 interrupt.py SIGINT ignored "$UNDERLAY" --repo=r commit -b other tree)
is "a signal that is ignored stays so" "$result" 0

# --- the cache of an archive

for jobs in 1 4; do
  for _ in 1 2 3 4 5; do
    rm -rf r out
    "$UNDERLAY" --repo=r init --mode=archive
    "$UNDERLAY" --repo=r commit -b main tree >commit.out
    result=$(python3 interrupt.py SIGINT 1 "$UNDERLAY" --repo=r checkout -U --jobs=$jobs main out 2>stderr)
    [ "$result" = 0 ] || break
  done
  is "a checkout with $jobs threads: ends by the signal" "$result $(cat stderr)" "-2 "
  is "with $jobs threads: nothing is left in tmp/" "$(find r/tmp -name 'uncompressed-*')" ""
done

done_testing
