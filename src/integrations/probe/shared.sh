# What every look shares. Everything is in functions, so that a script that was cut off on its way does nothing at all.

os_release() {
  cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
}

# mark_value NAME FILE: a value of the kernel, without a program that would read it.
mark_value() {
  value=
  { read -r value <"/proc/sys/kernel/$2"; } 2>/dev/null
  mark "$1 $value"
}

# Only root may look into the processes of others. With PW_SUDO the login may be root, as an upgrade needs it.
look_for_stale() {
  if [ -n "${PW_SUDO:-}" ] && [ "$(id -u)" != 0 ]; then
    printf '%s\nstale_services\n' "$PW_SERVICES" | sudo -n /bin/sh -s && return
  fi
  eval "$PW_SERVICES"
  stale_services
}
