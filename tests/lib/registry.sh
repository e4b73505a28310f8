# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A docker-registry of a test's own, for scripts that have sourced tap.sh:
#
#     registry_start     serves on loopback until the script ends, at $at, from ./registry
#     asked METHOD RE    the paths of the requests so far that begin with RE, from ./registry.log

need_cmd docker-registry

registry_start ()
{
  local i
  # The kernel finds a free port, so that no other can take it between. Appending: scripts empty the log.
  cat >registry.yml <<E1
version: 0.1
log: {level: info, formatter: json, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: $PWD/registry}}
http: {addr: "127.0.0.1:0"}
E1
  : >registry.log
  docker-registry serve registry.yml >>registry.log 2>&1 3>&- &
  registry_pid=$!
  at_exit 'kill $registry_pid 2>/dev/null'
  for ((i = 0; i < 100; i++)); do
    at=$(sed -n 's/.*"listening on \(127[0-9.:]*\)".*/\1/p' registry.log)
    [ -z "$at" ] || return 0
    sleep 0.1
  done
  cat registry.log >&2
  return 1
}

asked () { sed -nE "s,.*\"$1 ($2[^ ]*) HTTP.*,\1,p" registry.log; }
