# A host's disk, power and place in the lists for clients. Part of ../fleet.

mounted() { mountpoint -q "$1"; }

disk_up() { # NUMBER: a tmpfs of limited size is the disk; the base shows through it
  local h d; h=$(host_name "$1"); d=$DIR/hosts/$h
  mkdir -p "$d"/{disk,root}
  mounted "$d/disk" || mount -t tmpfs -o "size=$DISK,mode=755" "$NAME-$h" "$d/disk"
  mkdir -p "$d"/disk/{upper,work}
  mounted "$d/root" || mount -t overlay "$NAME-$h" -o "lowerdir=$BASE/root,upperdir=$d/disk/upper,workdir=$d/disk/work" "$d/root"
  mounted "$d/root/srv/debian" || mount --bind -o ro "$BASE/debian" "$d/root/srv/debian"
  mounted "$d/root/srv/fleet" || mount --bind -o ro "$DIR/repo" "$d/root/srv/fleet"
  # Host keys outlive resets, so that known_hosts stays true.
  [ -e "$DIR/keys/$h" ] || { mkdir -p "$DIR/keys"; ssh-keygen -q -t ed25519 -N '' -C "$h" -f "$DIR/keys/$h"; }
  [ -e "$d/root/etc/ssh/ssh_host_ed25519_key" ] || install -m 600 "$DIR/keys/$h" "$d/root/etc/ssh/ssh_host_ed25519_key"
  echo "$h" >"$d/root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$h" >"$d/root/etc/hosts"
}

disk_down() { # NUMBER
  local d m; d=$DIR/hosts/$(host_name "$1")
  for m in "$d/root/srv/debian" "$d/root/srv/fleet" "$d/root" "$d/disk"; do
    while mounted "$m"; do umount "$m" 2>/dev/null || umount -l "$m"; done
  done
}

# The supervisor starts PID 1 of the host again whenever it ends (a reboot), until it powered off (3) or a
# file says not to; then the link goes dark.
power_on() { # NUMBER
  local h d; h=$(host_name "$1"); d=$DIR/hosts/$h
  running "$h" && return
  rm -f "$d"/{off,init.pid}
  local init="chroot '$d/root' /sbin/fleet-init $h" own=''
  if [ "$KIND" = systemd ]; then
    own=$(systemd_group "$h"); mkdir -p "$own"
    init="'$HERE/fleet' boot '$d/root' $h"
  fi
  setsid bash -c '
    d=$1 h=$2 name=$3 link=$4 boot=$5 init=$6
    for group in "$7" "$8"; do [ ! -d "$group" ] || echo $$ >"$group/cgroup.procs"; done
    while [ ! -e "$d/off" ]; do
      nsenter --net="/run/netns/$name-$h" unshare --mount --uts --ipc --pid ${8:+--cgroup} --time --boottime "-$(cut -d. -f1 /proc/uptime)" --fork --kill-child bash -c "
        read -r pid _ </proc/self/stat; echo \$pid >\"$d/init.pid\"; exec $init"
      case $? in 3 | 130) touch "$d/off" ;; esac # how fleet-init powers off, and how the kernel tells that systemd did
      rm -f "$d/init.pid"
      s=$boot; [ -e "$d/boot-seconds" ] && s=$(cat "$d/boot-seconds"); sleep "$s"
    done
    ip link set dev "$link" down' "$NAME-host" "$d" "$h" "$NAME" "$NAME-v$1" "$BOOT" "$init" "$(cpu_group "$h")" "$own" </dev/null >>"$d/log" 2>&1 8>&- 9>&- &
  echo $! >"$d/supervisor.pid"
}

running() { # HOST: is its supervisor alive (and not another process that got its number)?
  local p; p=$(cat "$DIR/hosts/$1/supervisor.pid" 2>/dev/null) || return 1
  { tr '\0' ' ' <"/proc/$p/cmdline"; } 2>/dev/null | grep -qF "$DIR/hosts/$1 "
}

# By its root and not by its number alone, which another process may have got.
is_init() { [ -n "$1" ] && [ "/proc/$1/root/etc" -ef "$2/root/etc" ]; } # PID HOST_FOLDER

# Gone, or a zombie: a machine's own PID 1 may take seconds to reap those.
ended() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; } # PID

power_off() { # HOST: ends every process of it at once
  local h=$1 d p i; d=$DIR/hosts/$h
  [ -d "$d" ] || return 0
  touch "$d/off"; stop_timers "$h"
  # Looked at before anything is killed: PID 1 dies with its supervisor, and one that is dying has no root to know it by.
  p=$(cat "$d/init.pid" 2>/dev/null || true); is_init "$p" "$d" || p=
  if running "$h"; then kill -KILL -- "-$(cat "$d/supervisor.pid")" 2>/dev/null || true; fi
  # Until it has ended, which the kernel lets it only after every other process of the host, so that their connections are closed.
  if [ -n "$p" ]; then
    kill -KILL "$p" 2>/dev/null || true
    for i in $(seq 500); do ended "$p" && break; sleep 0.01; done
  fi
  rm -f "$d"/{supervisor,init}.pid
}

unplug() { power_off "$1"; ip link set dev "$NAME-v$(host_number "$1")" down; } # HOST

wait_ready() { # NUMBER: until sshd answers with its banner
  local i
  for i in $(seq 600); do
    if [ -e "$DIR/hosts/$(host_name "$1")/init.pid" ] && ssh_answers "$1"; then started "$1"; return; fi
    sleep 0.05
  done
  die "$(host_name "$1") did not come up, see $DIR/hosts/$(host_name "$1")/log"
}

# fleet-init starts sshd last; systemd begins with what it likes, and calls it degraded where a test broke a service.
started() { [ "$KIND" != systemd ] || in_host "$(host_name "$1")" systemctl --quiet is-system-running --wait || true; } # NUMBER

ssh_answers() { timeout 2 bash -c "exec 3<>/dev/tcp/$(address "$1")/22 && read -r -t 2 -u 3 l && [[ \$l == SSH-* ]]" 2>/dev/null; }

start() { host_net_up "$1"; net_heal "$1"; disk_up "$1"; power_on "$1"; } # NUMBER

remove_host() { # NUMBER
  local h; h=$(host_name "$1")
  power_off "$h"; host_net_down "$1"; disk_down "$1"; cpu_heal "$h"; systemd_gone "$h"
  if grep -q " $DIR/hosts/$h/" /proc/self/mounts; then die "something is still mounted under $DIR/hosts/$h"; fi
  rm -rf --one-file-system "${DIR:?}/hosts/$h"
}

reset() { # NUMBER
  local h; h=$(host_name "$1"); BASE=$(cat "$DIR/base")
  power_off "$h"; net_heal "$1"; disk_down "$1"; cpu_heal "$h"
  rm -f "$DIR/hosts/$h"/{faults,held,boot-seconds}
  start "$1"
}

write_lists() {
  local h n a sep='' f
  cp "$CACHE/id_ed25519.pub" "$DIR/"; install -m 600 "$CACHE/id_ed25519" "$DIR/id_ed25519"
  for f in known_hosts ssh_config hosts.json; do : >"$DIR/$f.new"; done
  printf '[' >"$DIR/hosts.json.new"
  for h in $(hosts); do
    n=$(host_number "$h"); a=$(address "$n")
    echo "$a $(cut -d' ' -f1,2 "$DIR/keys/$h.pub")" >>"$DIR/known_hosts.new"
    printf 'Host %s\n  HostName %s\n' "$h" "$a" >>"$DIR/ssh_config.new"
    printf '%s{"name":"%s","address":"%s","port":22,"user":"root","health":"http://%s:8080/health","hostKey":"%s"}' \
      "$sep" "$h" "$a" "$a" "$(cut -d' ' -f1,2 "$DIR/keys/$h.pub")" >>"$DIR/hosts.json.new"
    sep=$',\n'
  done
  printf ']\n' >>"$DIR/hosts.json.new"
  printf 'Host *\n  User root\n  IdentityFile %s\n  IdentitiesOnly yes\n  UserKnownHostsFile %s\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  BatchMode yes\n' \
    "$DIR/id_ed25519" "$DIR/known_hosts" >>"$DIR/ssh_config.new"
  for f in known_hosts ssh_config hosts.json; do mv "$DIR/$f.new" "$DIR/$f"; done
}

in_host() { # HOST CMD...
  local h=$1 p; shift
  host_dir "$h" >/dev/null
  p=$(cat "$DIR/hosts/$h/init.pid" 2>/dev/null) || die "$h is off"
  nsenter -t "$p" -m -u -i -n -p -T -r -w -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

http_status() { # ADDRESS PORT PATH
  timeout 2 bash -c "exec 3<>/dev/tcp/$1/$2 && printf 'GET $3 HTTP/1.0\r\n\r\n' >&3 && read -r -t 2 -u 3 _ code _ && echo \"\$code\"" 2>/dev/null || echo none
}

status() { # NUMBER
  local h d a ssh=down pending used
  h=$(host_name "$1"); d=$DIR/hosts/$h; a=$(address "$1")
  if ssh_answers "$1"; then ssh=up; fi
  pending=$(timeout 20 "$HERE/fleet" exec "$h" apt-get -s -o Debug::NoLocking=1 dist-upgrade 2>/dev/null | grep -c '^Inst' || true)
  used=$(df -k --output=used "$d/disk" | tail -1)
  printf '%s %s ssh:%s health:%s pending:%s disk:%sKB faults:%s\n' "$h" "$a" "$ssh" "$(http_status "$a" 8080 /health)" "$pending" "${used// /}" "$(paste -sd, "$d/faults" 2>/dev/null || true)"
}
