# Says how far an upgrade has come. Read by follow.ts.
# Set by the caller, beside PW_KEY: PW_STOP, empty, or why what has not begun never shall: cancelled, lost.

# Decides for an upgrade that has not begun that it never does. One that has begun goes on.
stop_before_it_begins() { # WHY
  umask 077
  if [ ! -e "$journal" ]; then
    mkdir -p "$runs"
    new=$(mktemp -d "$runs/.new-XXXXXXXX") && ln -s "$1" "$new/decision" && { mv -T "$new" "$journal" 2>/dev/null || rm -rf "$new"; }
  fi
  [ -e "$journal/result" ] || ln -s "$1" "$journal/decision" 2>/dev/null
  keep "$journal"
}

alive() {
  [ -e "$journal/running/processes" ] || return 1
  while read -r pid started; do
    [ -z "$started" ] || [ "$(started_at "$pid")" != "$started" ] || return 0
  done <"$journal/running/processes"
  return 1
}

follow() {
  mark 'patchwarden-follow 1'
  if [ -n "$PW_STOP" ]; then stop_before_it_begins "$PW_STOP"
  # Whoever started it saw it begin before going on. If it has not, the connection was lost on the way.
  elif [ ! -d "$journal/running" ]; then stop_before_it_begins lost; fi
  if [ ! -e "$journal" ]; then
    mark 'no-journal'
    mark 'end'
    return 0
  fi
  cd "$journal" || return 1
  mark "asset $(cat asset 2>/dev/null)"
  mark "boot-id $(boot_id)"
  mark "run-boot-id $(cat running/boot-id 2>/dev/null)"
  [ ! -e running/began ] || mark "age $(($(date +%s) - $(cat running/began)))"
  # Before the result is read: what has ended by now has left it.
  if alive; then mark 'alive yes'; fi
  mark "decision $(readlink decision)"
  mark "result $(cat result 2>/dev/null)"
  mark "reboot $(cat reboot 2>/dev/null)"
  [ ! -e reboot-refused ] || mark 'reboot-refused yes'
  mark "lock-holder $(cat running/lock-holder 2>/dev/null)"
  mark "counts $(pm_counts 2>/dev/null)"
  mark 'plan'
  cat plan 2>/dev/null
  mark 'planned'
  if [ -e actual ]; then cat actual; else cat planned 2>/dev/null; fi
  if [ -e result ] || [ ! -e running ] || ! alive; then
    mark 'log'
    tail -c 200000 log 2>/dev/null | tail -n 1000 | sed 's/^@@/ @@/'
    mark 'half-done'
    if [ -e result ]; then cat half-done 2>/dev/null; else pm_half_done; fi
    # A run that was killed never wrote it.
    [ -e after ] || [ ! -e before ] || pm_packages >after
    mark 'gone'
    comm -23 before after 2>/dev/null
    mark 'come'
    comm -13 before after 2>/dev/null
  fi
  mark 'end'
}

follow </dev/null
