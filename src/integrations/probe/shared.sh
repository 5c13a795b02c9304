# Shared by all looks. Everything is in functions, so that a script which was cut off on the way does nothing.

os_release() {
  cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
}

# mark_value NAME FILE: prints a value of the kernel without starting a program.
mark_value() {
  value=
  { read -r value <"/proc/sys/kernel/$2"; } 2>/dev/null
  mark "$1 $value"
}

# What tells machines apart: clones share the machine id, and containers of one host share the boot id.
mark_machine() {
  value=
  { read -r value </etc/machine-id; } 2>/dev/null
  mark "machine-id $value"
  value=
  { read -r _ value _ </etc/ssh/ssh_host_ed25519_key.pub; } 2>/dev/null
  mark "host-key $value"
}

# Only root may see the processes of others. With PW_SUDO the login may use sudo, as upgrades do.
look_for_stale() {
  if [ -n "${PW_SUDO:-}" ] && [ "$(id -u)" != 0 ]; then
    printf '%s\nstale_services\n' "$PW_SERVICES" | sudo -n /bin/sh -s && return
  fi
  eval "$PW_SERVICES"
  stale_services
}

# Only root may read the system UUID. A container shows that of the machine it runs on, which is not its own.
system_uuid() {
  for container in /run/systemd/container /run/.containerenv /.dockerenv; do
    [ ! -e $container ] || return 0
  done
  uuid=/sys/class/dmi/id/product_uuid
  cat $uuid 2>/dev/null && return
  [ -z "${PW_SUDO:-}" ] || [ ! -e $uuid ] || echo "cat $uuid" | sudo -n /bin/sh -s 2>/dev/null
}

# By what the machine is recognised in other inventories. What cannot be read is left empty.
identity() {
  mark "fqdn $(timeout 5 hostname -f 2>/dev/null)"
  mark "system-uuid $(system_uuid)"
  mark "board $(cat /sys/class/dmi/id/board_asset_tag 2>/dev/null)"
  mark 'cloud'
  sed -n '/^ "v1": {/,/^ }/p' /run/cloud-init/instance-data.json 2>/dev/null | grep -E '"(cloud_name|instance_id)":'
}
