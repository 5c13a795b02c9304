# Begins an upgrade once, and never again for the same key: the journal, written whole and then renamed into its place,
# is the lock. The runner works detached from this connection. Read by start.ts.
# Set by the caller, beside PW_KEY: PW_ASSET, PW_REBOOT, PW_RESTART, PW_LOCK_SECONDS, PW_PLAN, PW_RUNNER, PW_GATE,
# PW_ATTACH (yes: stay until its end), PW_NOT_AFTER (see begins.sh), PW_SECONDS_LEFT (until then, when this was sent).

write_journal() {
  new=$(mktemp -d "$runs/.new-XXXXXXXX") || return 1
  {
    printf '%s\n' "$PW_ASSET" >"$new/asset" &&
      printf '%s' "$PW_PLAN" >"$new/plan" &&
      printf '%s' "$PW_RUNNER" >"$new/run" &&
      printf '%s' "$PW_GATE" >"$new/gate" &&
      for one in $PW_KEEP; do echo "$one"; done >"$new/to-keep" &&
      echo "$boot_id $((uptime + ${PW_SECONDS_LEFT:-0}))" >"$new/not-after" &&
      mkfifo "$new/ended" &&
      keep "$new/asset" "$new/plan" "$new/run" "$new/gate" "$new/to-keep" "$new/not-after" "$new"
  } || { rm -rf "$new"; return 1; }
  # Whoever renames first has begun it; the place is never an empty folder, so the second cannot.
  mv -T "$new" "$journal" 2>/dev/null || rm -rf "$new"
  keep "$runs"
}

# systemd ends what is left of a session where it is told to (KillUserProcesses); a unit of its own stays. With the unit only
# the runner ends: what a package started by itself stays. The runner itself sees to it that it runs once, should both be
# started.
launch() {
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null &&
    systemd-run --quiet --collect --property=KillMode=process --unit="patchwarden-$PW_KEY" /bin/sh "$journal/run" </dev/null >/dev/null 2>&1; then
    return 0
  fi
  setsid sh "$journal/run" </dev/null >/dev/null 2>&1 &
}

start() {
  umask 077
  mark 'patchwarden-start 1'
  [ -d "$runs" ] || mkdir -p "$runs" 2>/dev/null
  # From the first moment here: what comes next may take its time.
  uptime_now
  boot_id_now
  # What has begun is attached to all the same.
  if [ "${PW_SECONDS_LEFT:-1}" -le 0 ] || is_over; then stop_before_it_begins over
  elif [ ! -e "$journal" ]; then write_journal; fi
  if [ ! -e "$journal" ]; then
    mark "not-begun $(df -Pk /var/lib | awk 'NR == 2 { print $4 }')"
    mark 'end'
    return 0
  fi
  [ -L "$journal/decision" ] || [ -d "$journal/running" ] || launch
  # Longer each time, half a minute in all: a host that is busy is not made busier.
  for pause in 0.04 0.1 0.2 0.5 1 2 5 10 11; do
    if [ -d "$journal/running" ] || [ -L "$journal/decision" ]; then break; fi
    sleep $pause
  done
  mark_file journal "$journal/asset"
  mark 'end'
  [ "$PW_ATTACH" != yes ] || attend
}

start </dev/null
