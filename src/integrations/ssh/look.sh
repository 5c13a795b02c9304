# Looks at what an upgrade would do and whether it could. Changes nothing. Read by look.ts.

look() {
  mark 'patchwarden-look 1'
  if ! pm_present; then
    mark 'no-manager'
    mark 'end'
    return 0
  fi
  pm_choose_arguments
  # shellcheck disable=SC2086 # one argument a word
  simulation=$(report simulation pm_simulate $arguments)
  printf '%s\n' "$simulation"
  if [ -n "${PW_PREFLIGHT:-}" ]; then preflight; fi
  mark 'end'
}

preflight() {
  if [ -e "$journal" ]; then mark 'journal present'; else mark 'journal missing'; fi
  mark 'half-done'
  pm_packages | pm_half_done
  mark "lock $(pm_lock_holder)"
  [ ! -e /run/reboot-required ] || mark 'reboot-required yes'
  mark 'sizes'
  # shellcheck disable=SC2086 # one argument a word
  printf '%s\n' "$simulation" | pm_plan | pm_sizes $PW_KEEP
  mark 'kept'
  for old in $PW_KEEP; do
    [ ! -e "$(pm_kept_file "$old")" ] || echo "$old"
  done
  mark 'installed-sizes'
  pm_installed_sizes
  mark "cache $pm_cache"
  mark 'disk'
  free_in -k /usr "$pm_cache" "$pm_database" /boot
  mark 'inodes'
  free_in -i /usr "$pm_database"
  set +f
  mark "boot-image $(du -k /boot/initr* 2>/dev/null | sort -n | tail -n 1 | cut -f 1)"
  set -f
}

# "place mount-point free" of each place that there is; nothing of file systems that count no inodes.
free_in() { # -k|-i PLACE...
  unit=$1
  shift
  places=
  for place in "$@"; do [ ! -d "$place" ] || places="$places $place"; done
  # shellcheck disable=SC2086 # one place a word
  df -P "$unit" $places | awk -v places="$places" 'BEGIN { split(places, place, " ") } NR > 1 && $2 > 0 { print place[NR - 1], $6, $4 }'
}

look </dev/null
