# Looks at one Debian or Ubuntu machine. Changes nothing, except with PW_REFRESH: then it refreshes the package lists
# first. With PW_INSTALLED it leaves out everything that only apt can tell; the rest costs the machine almost nothing.
# reads.sh comes before it. Read by probe.ts; when "@@ end" is missing, the output was cut off.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

refresh() { as_root apt-get -q -o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=30 update; }

# Name and version of the source of each version on offer, as the archive says: its numbering may differ.
sources_on_offer() {
  names=$({
    printf '%s\n' "$simulation" | sed -n 's/^Inst \([^ ]*\) \(\[[^]]*\] \)\{0,1\}(\([^ ]*\) .*/\1=\3/p'
    printf '%s\n' "$upgradable" | sed -n 's,^\([^/ ]*\)/[^ ]* \([^ ]*\) [^ ]* \[upgradable from.*,\1=\2,p'
  } | sort -u)
  # shellcheck disable=SC2086 # one argument a name
  [ -z "$names" ] || apt_reads apt-cache show $names | grep -E '^(Package|Version|Source):'
}

reboot_required() {
  for flag in /run/reboot-required /var/run/reboot-required; do
    [ -e "$flag" ] || continue
    echo required
    cat "$flag.pkgs" 2>/dev/null
    return 0
  done
}

# Seconds since the package lists last changed or were last refreshed with success.
lists_age() {
  newest=$(stat -c %Y /var/lib/apt/lists /var/lib/apt/periodic/update-success-stamp 2>/dev/null | sort -n | tail -n 1)
  [ -z "$newest" ] || mark "lists-age $(($(date +%s) - newest))"
}

look() {
  mark 'patchwarden-probe 1'
  mark 'os-release'
  os_release
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    mark "system $(uname -s)"
    mark 'no-apt'
    mark 'end'
    return 0
  fi
  mark_value kernel osrelease
  mark_value kernel-build version
  mark_value boot-id random/boot_id
  [ -n "${PW_INSTALLED:-}" ] || identity
  mark_machine
  [ -z "${PW_REFRESH:-}" ] || report refresh refresh
  [ -n "${PW_INSTALLED:-}" ] || lists_age
  # shellcheck disable=SC2016 # dpkg-query expands these
  report dpkg dpkg-query -W -f \
    '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${db:Status-Want}\t${db:Status-Status}\n'
  if [ -n "${PW_INSTALLED:-}" ]; then mark 'installed-only'; else pending; fi
  mark 'reboot'
  reboot_required
  mark 'stale'
  look_for_stale 2>/dev/null
  mark 'end'
}

# While apt replaces a package list, only root may read the list. So others wait up to 15 s for apt's lock.
await_lists() {
  inode=$(stat -c %i /var/lib/apt/lists/lock 2>/dev/null) || return 0
  waited=0
  while grep -q ":$inode 0 EOF" /proc/locks 2>/dev/null && [ $waited -lt 15 ]; do
    sleep 1
    waited=$((waited + 1))
  done
}

# Like report, but repeats the command once when it could not read a list.
report_lists() { # NAME COMMAND...
  await_lists
  told=$(report "$@")
  case $told in
    *'Permission denied'*)
      sleep 2
      await_lists
      told=$(report "$@")
      ;;
  esac
  printf '%s\n' "$told"
}

pending() {
  choose_reader
  simulation=$(report_lists simulation apt_reads apt-get -s dist-upgrade)
  printf '%s\n' "$simulation"
  upgradable=$(report_lists upgradable apt_reads apt list --upgradable)
  printf '%s\n' "$upgradable"
  mark 'archives'
  apt_reads apt-cache policy 2>/dev/null
  mark 'versions'
  dpkg-query -W -f '${Package}\n' 2>/dev/null | sort -u | xargs -r apt-cache policy 2>/dev/null
  mark 'sources'
  sources_on_offer 2>/dev/null
}

look
