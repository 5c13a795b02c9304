# What can be broken on a host, and how it heals. Part of ../fleet.

faults_help() { cat <<'HELP'
packages   apt-locked [SECONDS 60]   another process holds the dpkg lock, as unattended-upgrades would
           lists-locked [SECONDS 60] the same for apt-get update
           disk-full [FREE_KB 64]    the root disk has so much left
           postinst-fails            any demo-app version fails to configure on this host
           hook-fails                apt stops before it unpacks anything
           dpkg-interrupted          dpkg was interrupted: 'dpkg --configure -a' is needed first
           held [PACKAGE openssl]    apt-mark hold
           conffile-edited           /etc/demo-app.conf differs: an upgrade of kind conffile has a question
           repo-gone                 the package repositories cannot be read
           repo-tampered             the index does not match its signature ('apt-get update' still exits 0)
           reboot-required           /run/reboot-required exists
service    unhealthy                 health answers 503
           health-hangs              health accepts and never answers
           service-down              demo-app is stopped (connection refused)
network    net-cut [SECONDS]         the cable is out (comes back by itself after SECONDS, if given)
           net-drop [SECONDS]        the link is up, the switch drops everything in silence
           net-slow [KBIT 64]        the link carries so much
           ssh-refused               sshd is stopped, the host is up
           hostkey-changed           sshd has another host key
           sudo-denied               user patch may not sudo
machine    slow [PERCENT 10]         so much of one core
           frozen [SECONDS]          every process stops; the kernel still accepts connections
           down                      powered off, no link
           boot-slow [SECONDS 30]    its next boots take so long
           boot-never                it does not come back from its next reboot
HELP
}

fault() { # NAME HOST [ARG]
  local f=$1 h=$2 arg=${3:-} d n root; d=$(host_dir "$h"); n=$(host_number "$h"); root=$d/root
  case $f in
    apt-locked) hold_lock "$h" /var/lib/dpkg/lock-frontend "${arg:-60}" ;;
    lists-locked) hold_lock "$h" /var/lib/apt/lists/lock "${arg:-60}" ;;
    disk-full) in_host "$h" sh -c 'rm -f /var/fleet-filler; free=$(df -k --output=avail / | tail -1); fallocate -l $((free - $1))K /var/fleet-filler' sh "${arg:-64}" ;;
    postinst-fails | unhealthy | health-hangs) mkdir -p "$root/etc/fleet"; touch "$root/etc/fleet/$f" ;;
    hook-fails) echo 'DPkg::Pre-Invoke { "echo fleet: injected hook failure >&2; exit 1"; };' >"$root/etc/apt/apt.conf.d/99fleet-fault" ;;
    dpkg-interrupted) # a version unpacked and never configured, and dpkg's journal left behind
      in_host "$h" sh -c 'v=$(dpkg-query -W -f "\${Version}" demo-app); dpkg-query -s demo-app | sed "s/^Status: .*/Status: install ok half-configured\nConfig-Version: $v/" >/var/lib/dpkg/updates/0000' ;;
    held) in_host "$h" apt-mark hold "${arg:-openssl}" >/dev/null; echo "${arg:-openssl}" >>"$d/held" ;;
    conffile-edited) echo 'greeting=edited by hand' >"$root/etc/demo-app.conf" ;;
    repo-gone) in_host "$h" sh -c 'for r in debian fleet; do mount -t tmpfs -o size=4k,ro tmpfs /srv/$r; done' ;;
    repo-tampered) in_host "$h" sh -ec '
      for r in debian fleet; do
        mkdir -p /run/repo/$r; cp -r /srv/$r/dists /run/repo/$r/; ln -s /srv/$r/pool /run/repo/$r/pool
        for d in /run/repo/$r/dists/*; do sed -i "s/^Date: .*/Date: Thu, 01 Jan 2026 00:00:00 +0000/" $d/InRelease; done
        mount --bind /run/repo/$r/dists /srv/$r/dists
      done' ;;
    reboot-required) in_host "$h" sh -c 'touch /run/reboot-required; echo linux-image-amd64 >>/run/reboot-required.pkgs' ;;
    service-down) in_host "$h" service demo-app stop ;;
    net-cut) ip link set dev "$NAME-v$n" down; after "$h" "$arg" ip link set dev "$NAME-v$n" up ;;
    # 'ip link set ... type bridge_slave state 0' does nothing, in silence
    net-drop) bridge link set dev "$NAME-v$n" state 0; after "$h" "$arg" bridge link set dev "$NAME-v$n" state 3 ;;
    net-slow)
      tc qdisc replace dev "$NAME-v$n" root tbf rate "${arg:-64}kbit" burst 4kb latency 2s
      ip netns exec "$NAME-$h" tc qdisc replace dev eth0 root tbf rate "${arg:-64}kbit" burst 4kb latency 2s ;;
    ssh-refused) in_host "$h" service ssh stop >/dev/null ;;
    hostkey-changed)
      rm -f "$d/otherkey"*; ssh-keygen -q -t ed25519 -N '' -f "$d/otherkey"
      install -m 600 "$d/otherkey" "$root/etc/ssh/ssh_host_ed25519_key"; in_host "$h" service ssh restart >/dev/null ;;
    sudo-denied) rm -f "$root/etc/sudoers.d/patch" ;;
    slow) slow_down "$h" "${arg:-10}" ;;
    frozen) freeze "$h"; after "$h" "$arg" "$HERE/fleet" thaw "$h" ;;
    down) unplug "$h" ;;
    boot-slow) echo "${arg:-30}" >"$d/boot-seconds" ;;
    boot-never) touch "$d/off" ;;
    *) die "unknown fault '$f'; 'fleet faults' lists them" ;;
  esac
  echo "$f" >>"$d/faults"
}

heal() { # HOST: ends with a boot, which frees locks, mounts, stopped services and stopped processes
  local h=$1 d n p; d=$(host_dir "$h"); n=$(host_number "$h")
  power_off "$h"; cpu_heal "$h"; net_heal "$n"
  rm -f "$d"/root/etc/fleet/* "$d/root/etc/apt/apt.conf.d/99fleet-fault" "$d/root/var/fleet-filler" "$d"/{faults,boot-seconds}
  echo 'patch ALL=(ALL) NOPASSWD:ALL' >"$d/root/etc/sudoers.d/patch"; chmod 440 "$d/root/etc/sudoers.d/patch"
  install -m 600 "$DIR/keys/$h" "$d/root/etc/ssh/ssh_host_ed25519_key"
  power_on "$n"; wait_ready "$n"
  if [ -s "$d/held" ]; then for p in $(sort -u "$d/held"); do in_host "$h" apt-mark unhold "$p" >/dev/null; done; rm -f "$d/held"; fi
  in_host "$h" dpkg --configure -a --force-confold >/dev/null 2>&1 || true
}

hold_lock() { # HOST FILE SECONDS
  in_host "$1" setsid -f python3 -c '
import fcntl, sys, time
open("/proc/self/comm", "w").write("unattended-upgr")
f = open(sys.argv[1], "w"); fcntl.lockf(f, fcntl.LOCK_EX); open("/run/fleet-lock", "w"); time.sleep(float(sys.argv[2]))' "$2" "$3" </dev/null >/dev/null 2>&1
  for _ in $(seq 100); do in_host "$1" test -e /run/fleet-lock && break; sleep 0.05; done
  in_host "$1" rm /run/fleet-lock
}

after() { # HOST SECONDS CMD...: later, if SECONDS is given
  local h=$1 s=$2; shift 2; [ -n "$s" ] || return 0
  setsid bash -c 's=$1; shift; sleep "$s"; "$@"' "$NAME-after" "$s" "$@" </dev/null >/dev/null 2>&1 8>&- 9>&- &
  echo $! >>"$DIR/hosts/$h/timers"
}

stop_timers() { # HOST
  local p
  [ -e "$DIR/hosts/$1/timers" ] || return 0
  while read -r p; do grep -qzx "$NAME-after" "/proc/$p/cmdline" 2>/dev/null && kill -- "-$p" 2>/dev/null; done <"$DIR/hosts/$1/timers" || true
  rm -f "$DIR/hosts/$1/timers"
}

host_pids() { # HOST
  local p; p=$(cat "$DIR/hosts/$1/init.pid" 2>/dev/null) || die "$1 is off"
  find /proc/[0-9]*/ns/pid -maxdepth 0 -lname "$(readlink "/proc/$p/ns/pid" | sed 's/[][]/\\&/g')" 2>/dev/null | cut -d/ -f3 || true
}

# Twice, for what was born meanwhile. PID 1 first: it would reap and restart.
freeze() { local i; for i in 1 2; do host_pids "$1" | xargs -r kill -STOP 2>/dev/null || true; done; }
thaw() { host_pids "$1" | xargs -r kill -CONT 2>/dev/null || true; }

cpu_group() { # HOST: where its cpu limit lives; version 1 and 2 of cgroups
  if [ -d /sys/fs/cgroup/cpu ]; then echo "/sys/fs/cgroup/cpu/$NAME-$1"; else echo "/sys/fs/cgroup/$NAME-$1"; fi
}

slow_down() { # HOST PERCENT
  local g p; g=$(cpu_group "$1")
  [ -d /sys/fs/cgroup/cpu ] || echo +cpu >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
  mkdir -p "$g" 2>/dev/null || true
  if [ -e "$g/cpu.cfs_quota_us" ]; then echo $(($2 * 1000)) >"$g/cpu.cfs_quota_us"
  elif [ -e "$g/cpu.max" ]; then echo "$(($2 * 1000)) 100000" >"$g/cpu.max"
  else rmdir "$g" 2>/dev/null || true; die 'no cpu cgroup here: fault slow cannot be made'; fi
  for p in $(cat "$DIR/hosts/$1/supervisor.pid") $(host_pids "$1"); do echo "$p" >"$g/cgroup.procs" 2>/dev/null || true; done
}

cpu_heal() { # HOST, when its processes are gone
  local g i; g=$(cpu_group "$1")
  for i in $(seq 100); do [ -d "$g" ] || return 0; rmdir "$g" 2>/dev/null || sleep 0.02; done
}
