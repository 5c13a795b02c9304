# Tells how far an upgrade has come: once, or until its end. Read by follow.ts.

alive() {
  [ -e "$journal/running/processes" ] || return 1
  while read -r pid started; do
    [ -z "$started" ] || [ "$(started_at "$pid")" != "$started" ] || return 0
  done <"$journal/running/processes"
  return 1
}

tell() {
  mark 'patchwarden-follow 1'
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
    mark 'services'
    sed 's/^@@/ @@/' services 2>/dev/null
    mark 'half-done'
    if [ -e result ]; then cat half-done 2>/dev/null; else pm_packages | pm_half_done; fi
    # A run that was killed never wrote it.
    [ -e after ] || [ ! -e before ] || pm_packages >after
    mark 'gone'
    comm -23 before after 2>/dev/null
    mark 'come'
    comm -13 before after 2>/dev/null
  fi
  mark 'end'
}

# Tells again whenever something has changed, and now and then so that a connection that is gone is noticed.
attend() {
  tell
  alive || return 0
  read -r runner _ <"$journal/running/processes"
  told=
  rounds=0
  while [ ! -e "$journal/result" ] && kill -0 "$runner" 2>/dev/null; do
    sleep 0.2
    rounds=$((rounds + 1))
    [ $((rounds % 10)) = 0 ] || continue
    [ $((rounds % 50)) != 0 ] || alive || break
    now="$(pm_counts 2>/dev/null) $(readlink decision)$(cat running/lock-holder 2>/dev/null)"
    [ "$now" != "$told" ] || [ $((rounds % 50)) = 0 ] || continue
    told=$now
    [ -e "$journal/result" ] || tell
  done
  tell
}
