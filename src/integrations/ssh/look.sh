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
  pm_half_done
  mark "lock $(pm_lock_holder)"
  [ ! -e /run/reboot-required ] || mark 'reboot-required yes'
  mark 'sizes'
  printf '%s\n' "$simulation" | pm_plan | pm_sizes
  mark 'installed-sizes'
  pm_installed_sizes
  mark "cache $pm_cache"
  mark 'disk'
  for place in /usr "$pm_cache" "$pm_database" /boot; do
    [ ! -d "$place" ] || df -Pk "$place" | awk -v place="$place" 'NR == 2 { print place, $6, $4 }'
  done
  mark 'inodes'
  for place in /usr "$pm_database"; do
    df -Pi "$place" | awk -v place="$place" 'NR == 2 && $2 > 0 { print place, $6, $4 }'
  done
  set +f
  mark "boot-image $(du -k /boot/initr* 2>/dev/null | sort -n | tail -n 1 | cut -f 1)"
  set -f
}

look </dev/null
