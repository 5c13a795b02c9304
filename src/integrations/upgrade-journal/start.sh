# Begins an upgrade once, and never again for the same key. The journal is the lock: it is written completely and then
# renamed into its place. The runner works detached from this connection. Read by start.ts.
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
  # The first process that renames has begun the upgrade. The journal is never empty, so a second rename fails.
  mv -T "$new" "$journal" 2>/dev/null || rm -rf "$new"
  keep "$runs"
}

# When a session ends, systemd may end its processes (KillUserProcesses), but not a unit of its own. When the unit ends,
# only the runner ends; processes that a package started stay. If both runners below are started, only one of them runs.
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
  # The clock is read first, because the next steps may take time.
  uptime_now
  boot_id_now
  # If the upgrade has begun, this session still attaches to it.
  if [ "${PW_SECONDS_LEFT:-1}" -le 0 ] || is_over; then stop_before_it_begins over
  elif [ ! -e "$journal" ]; then write_journal; fi
  if [ ! -e "$journal" ]; then
    mark "not-begun $(df -Pk /var/lib | awk 'NR == 2 { print $4 }')"
    mark "why-not $({ mkdir -p "$runs" && mktemp -d "$runs/.new-XXXXXXXX"; } 2>&1 >/dev/null | tail -n 1)"
    mark 'end'
    return 0
  fi
  [ -L "$journal/decision" ] || [ -d "$journal/running" ] || launch
  # Waits half a minute in all. The pauses grow, to spare a busy host.
  for pause in 0.04 0.1 0.2 0.5 1 2 5 10 11; do
    if [ -d "$journal/running" ] || [ -L "$journal/decision" ]; then break; fi
    sleep $pause
  done
  mark_file journal "$journal/asset"
  mark 'end'
  [ "$PW_ATTACH" != yes ] || attend
}

start </dev/null
