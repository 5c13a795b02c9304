# Hosts whose PID 1 is systemd: FLEET_KIND=systemd. Part of ../fleet.
# Services are units, logins are sessions of logind, and a reboot is systemd's.

furnish_systemd() {
  local root=$BASE/root
  # Nothing starts while the base is built.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  rm -f "$root"/sbin/runlevel "$root"/usr/local/sbin/{reboot,poweroff,shutdown}
  add_packages : systemd systemd-sysv dbus libpam-systemd
  rm "$root/usr/sbin/policy-rc.d"
  sed -i 's/^UsePAM .*/UsePAM yes/' "$root/etc/ssh/sshd_config.d/fleet.conf"
  # What a host does by itself at night would be in the way of what a test does.
  local timer; for timer in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim; do
    ln -s /dev/null "$root/etc/systemd/system/$timer.timer"
  done
  ln -sf ../init.d/demo-app "$root/etc/rc2.d/S01demo-app"   # enabled: systemd makes a unit of it
  ln -sf ../init.d/demo-app "$root/etc/rc3.d/S01demo-app"
}

# The hierarchy of cgroups that systemd can use, and a host's place in it.
cgroup2() { findmnt -nt cgroup2 -o TARGET | head -1; }
systemd_group() { echo "$(cgroup2)/$NAME-$1"; } # HOST

systemd_gone() { # HOST, when its processes are gone; whatever KIND this command was given
  local i group; [ -n "$(cgroup2)" ] || return 0
  group=$(systemd_group "$1")
  for i in $(seq 100); do [ -d "$group" ] || return 0; find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02; done
}

why_no_systemd() {
  local probe; probe=$(systemd_group "probe$$")
  if [ -z "$(cgroup2)" ]; then echo 'no cgroup2 is mounted, and systemd needs it'
  elif ! mkdir "$probe" 2>/dev/null; then echo 'cgroups cannot be made here, and systemd needs them'
  else
    bash -c 'echo $$ >"$1/cgroup.procs" && exec unshare --mount --cgroup mount -t cgroup2 none /mnt' sh "$probe" 2>/dev/null || echo 'this kernel or sandbox refuses cgroup namespaces'
    rmdir "$probe"
  fi
}

# In the namespaces of the host, before its PID 1: what a container manager mounts (systemd.io/CONTAINER_INTERFACE).
boot_systemd() { # ROOT HOST
  local root=$1 node
  echo "$2" | md5sum | cut -c1-32 >"$root/etc/machine-id"
  hostname "$2"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o size=32m,mode=755 tmpfs "$root/run"
  mount -t tmpfs -o size=1m,mode=755 tmpfs "$root/dev"
  mkdir "$root"/dev/{pts,shm}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o size=16m tmpfs "$root/dev/shm"
  for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r name major minor <<<"$node"; mknod -m 666 "$root/dev/$name" c "$major" "$minor"
  done
  ln -s pts/ptmx "$root/dev/ptmx"; ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
  # The machine's own settings are not a host's to change; its boot id is its own.
  mount --bind "$root/proc/sys" "$root/proc/sys"; mount -o remount,bind,ro "$root/proc/sys"
  cat /proc/sys/kernel/random/uuid >"$root/run/boot_id"
  mount --bind "$root/run/boot_id" "$root/proc/sys/kernel/random/boot_id"
  cd "$root"; mkdir -p .outside; pivot_root . .outside; umount -l .outside; rmdir .outside
  exec env -i container=fleet PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 /lib/systemd/systemd --log-target=journal --show-status=0
}
