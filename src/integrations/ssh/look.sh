# Looks at what an upgrade would do and whether it could. Changes nothing. Read by look.ts.

look() {
  mark 'patchwarden-look 1'
  if ! command -v apt-get >/dev/null; then
    mark 'no-apt'
    mark 'end'
    return 0
  fi
  choose_arguments
  # shellcheck disable=SC2086 # one argument a word
  simulation=$(report simulation simulate $arguments)
  printf '%s\n' "$simulation"
  if [ -n "${PW_PREFLIGHT:-}" ]; then preflight; fi
  mark 'end'
}

preflight() {
  if [ -e "$journal" ]; then mark 'journal present'; else mark 'journal missing'; fi
  mark 'half-done'
  half_done
  mark "lock $(lock_holder)"
  [ ! -e /run/reboot-required ] || mark 'reboot-required yes'
  mark 'sizes'
  offered=$(printf '%s\n' "$simulation" | plan_of_simulation | awk '$1 == "I" { print $3 == "all" ? $2 "=" $4 : $2 ":" $3 "=" $4 }')
  # shellcheck disable=SC2086 # one argument a word
  [ -z "$offered" ] || apt_reads apt-cache show $offered 2>/dev/null | grep -E '^(Package|Version|Size|Installed-Size):'
  mark 'installed-sizes'
  # shellcheck disable=SC2016 # dpkg-query expands these
  dpkg-query -W -f '${Package} ${Installed-Size}\n'
  mark 'disk'
  for place in /usr /var/cache/apt/archives /var/lib/dpkg /boot; do
    [ ! -d "$place" ] || df -Pk "$place" | awk -v place="$place" 'NR == 2 { print place, $6, $4 }'
  done
  mark 'inodes'
  for place in /usr /var/lib/dpkg; do
    df -Pi "$place" | awk -v place="$place" 'NR == 2 && $2 > 0 { print place, $6, $4 }'
  done
  set +f
  mark "boot-image $(du -k /boot/initrd.img-* 2>/dev/null | sort -n | tail -n 1 | cut -f 1)"
  set -f
}

look </dev/null
