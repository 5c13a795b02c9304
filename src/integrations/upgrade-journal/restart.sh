# Restarts the services that still run files which the transaction replaced, ssh last. Writes a line for each service to
# the file `services`: "restarted NAME", "left NAME WHY" or "failed NAME WHY".

# Services whose restart would end sessions, the network or other machines; and Patchwarden's own.
never_restarted() { # NAME
  case $1 in
    dbus* | systemd-* | *getty* | user@* | elogind* | gdm* | sddm* | lightdm* | xdm* | lxdm* | slim* | NetworkManager | \
      network-manager | networking | wpa_supplicant* | docker* | containerd* | libvirtd* | lxc* | openvswitch* | iscsi* | \
      multipathd* | patchwarden*) return 0 ;;
  esac
  return 1
}

# Prints the systemd unit of a process. Without systemd: the init script that has its name or starts its program.
service_of() { # PID
  if [ -d /run/systemd/system ]; then
    unit_of "$1"
    return 0
  fi
  read -r comm <"/proc/$1/comm" 2>/dev/null || return 0
  program=$(readlink "/proc/$1/exe" 2>/dev/null)
  program=${program% (deleted)}
  if [ -x "/etc/init.d/$comm" ]; then
    echo "$comm"
  elif [ -n "$program" ]; then
    set +f
    grep -lwF -- "$program" /etc/init.d/* 2>/dev/null | head -n 1 | sed 's|.*/||'
    set -f
  fi
}

of_a_login() { grep -q '/session-[^/]*\.scope$' "/proc/$1/cgroup" 2>/dev/null; } # PID

# Prints stale services, and "pid/name" of stale processes without a service. Processes of logins are left out: they end
# with the login.
stale() {
  set +f
  stale_processes | while read -r pid; do
    [ "$pid" != "$$" ] || continue
    found=$(service_of "$pid")
    if [ -n "$found" ]; then echo "$found"; elif ! of_a_login "$pid"; then echo "$pid/$(cat "/proc/$pid/comm" 2>/dev/null)"; fi
  done | sort -u
  set -f
}

# Prints what the service itself wrote since then; if nothing, what systemd wrote about it.
its_own_words() { # UNIT SECONDS
  lines=$(journalctl -q -n 5 -o cat --since "@$2" "_SYSTEMD_UNIT=$1" 2>/dev/null)
  printf '%s\n' "${lines:-$(journalctl -q -n 5 -o cat --since "@$2" -u "$1" 2>/dev/null)}"
}

restart() { # NAME
  said=$(mktemp) || return 1
  asked=$(date +%s)
  if [ -d /run/systemd/system ]; then
    timeout 120 systemctl restart "$1.service" </dev/null >"$said" 2>&1 && systemctl is-active -q "$1.service"
  elif command -v service >/dev/null; then
    timeout 120 service "$1" restart </dev/null >"$said" 2>&1
  else
    timeout 120 invoke-rc.d "$1" restart </dev/null >"$said" 2>&1
  fi
  ended=$?
  if [ $ended = 0 ]; then
    echo "restarted $1" >>services
  else
    [ ! -d /run/systemd/system ] || its_own_words "$1.service" "$asked" >>"$said"
    echo "failed $1 $(grep -v '^[[:space:]]*$' "$said" | tail -n 3 | cut -c 1-200 | tr '\n' ' ')(exit status $ended)" >>services
  fi
  cat "$said"
  rm -f "$said"
}

restart_services() {
  : >services
  last=
  stale >stale
  while read -r name; do
    case $name in
      */*) echo "left ${name#*/} is process ${name%%/*} and no service" >>services ;;
      ssh | sshd) last=$name ;;
      *) if never_restarted "$name"; then echo "left $name is not restarted under way" >>services; else restart "$name"; fi ;;
    esac
  done <stale
  [ -n "$last" ] || return 0
  # With a wrong configuration sshd would not come back, and nobody could log in to repair it.
  if sshd -t; then restart "$last"; else echo "left $last does not accept its own configuration (sshd -t)" >>services; fi
}
