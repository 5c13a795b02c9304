# Looks at what an upgrade would do and whether it could. Changes nothing. Read by look.ts.
# Set by the caller, beside the variables in on-host.sh: PW_PREFLIGHT (yes: also check whether the host is fit).

look() {
  cd /
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
  packages=$(pm_packages)
  mark 'half-done'
  printf '%s\n' "$packages" | pm_half_done
  mark "lock $(pm_lock_holder)"
  [ ! -e /run/reboot-required ] || mark 'reboot-required yes'
  mark 'sizes'
  # shellcheck disable=SC2086 # one argument a word
  printf '%s\n' "$simulation" | pm_plan | pm_sizes $PW_KEEP
  mark 'kept'
  for old in $PW_KEEP; do
    pm_kept_file "$old"
    [ ! -e "$file" ] || echo "$old"
  done
  mark 'installed-sizes'
  printf '%s\n' "$packages" | awk '{ print $1, $6 }'
  mark 'owed'
  set +f
  for list in "$runs"/*/to-keep; do [ ! -s "$list" ] || cat "$list"; done
  set -f
  mark "cache $pm_cache"
  mark 'disk'
  free_in /usr "$pm_cache" "$pm_database" /boot
  # The size of the largest initramfs, when a kernel is installed.
  case $simulation in *linux-image-* | *kernel*)
    set +f
    mark "boot-image $(du -k /boot/initr* 2>/dev/null | sort -n | tail -n 1 | cut -f 1)"
    set -f
    ;;
  esac
}

# "place mount-point free-KiB free-inodes" of each place that exists; "-" when the file system does not count inodes.
free_in() { # PLACE...
  places=
  for place in "$@"; do [ ! -d "$place" ] || places="$places $place"; done
  # shellcheck disable=SC2086 # one place a word
  df -k --output=avail,itotal,iavail,target $places |
    awk -v places="$places" 'BEGIN { split(places, place, " ") } NR > 1 { print place[NR - 1], $4, $1, ($2 > 0 ? $3 : "-") }'
}

look </dev/null
