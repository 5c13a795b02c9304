# Finds services that still run programs or libraries which are no longer on the disk.

# Processes with deleted programs or libraries in memory, as far as this user may see them. Processes in containers are
# left out.
stale_processes() {
  own=$(readlink /proc/self/ns/pid)
  grep -lsE ' /(usr|lib[0-9x]*|s?bin|opt)/.* \(deleted\)$' /proc/[0-9]*/maps | while IFS=/ read -r _ _ pid _; do
    [ "$(readlink "/proc/$pid/ns/pid")" != "$own" ] || echo "$pid"
  done
}

# The systemd service that a process belongs to, if any.
unit_of() { # PID
  sed -n 's|.*/system\.slice/\(.*/\)\{0,1\}\([^/]*\)\.service$|\2|p' "/proc/$1/cgroup" 2>/dev/null | head -n 1
}

# Names of the services with such processes; on a machine without systemd, names of the programs.
stale_services() {
  stale_processes | while read -r pid; do
    unit=$(unit_of "$pid")
    if [ -n "$unit" ]; then echo "$unit"
    elif [ ! -d /run/systemd/system ]; then cat "/proc/$pid/comm" 2>/dev/null; fi
  done | sort -u
}
