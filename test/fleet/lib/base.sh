# The base: a Debian root as the release first was, and every newer package beside it. Part of ../fleet.
# Cached under the hash of its recipe: an edited recipe builds a new base and never disturbs a running fleet.

SUITE=bookworm
INCLUDE=openssh-server,sudo,python3,python3-apt,ca-certificates,openssl,procps,iproute2,nginx-light,xz-utils

recipe() {
  { echo "$ARCH"; cat "$HERE"/lib/{base,repository}.sh "$HERE"/demo-app/{init,serve} "$HERE/fleet-init"; } | sha256sum | cut -c1-16
}

# The archives this machine's apt reads that may be Debian's, main ones first.
mirrors() {
  if [ -n "${FLEET_MIRROR:-}" ]; then echo "${FLEET_MIRROR%/}"; return; fi
  local found fresh; found=$(listed_archives)
  if [ -z "$found" ]; then    # images are often shipped with apt's lists removed
    fresh=$(mktemp -d); mkdir -p "$fresh"/{lists,cache}/partial
    apt-get -qq -o Dir::State::lists="$fresh/lists" -o Dir::Cache="$fresh/cache" -o APT::Sandbox::User=root update </dev/null >/dev/null 2>&1 || true
    found=$(listed_archives -o Dir::State::lists="$fresh/lists"); rm -rf "$fresh"
  fi
  [ -z "$found" ] || echo "$found"
}

listed_archives() { # APT_OPTION...: knows only what apt has a list of
  apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk '$3 == "main" && $4 == "Debian" && $1 ~ /^(https?|file):/ { sub(/\/$/, "", $1); print ($2 ~ /-security$/), $1 }' |
    sort -u | cut -d' ' -f2
}

# The first archive that has Debian's SUITE, asked through apt itself, so that proxies and credentials apply.
archive_with() { # SUITE MIRROR...
  local suite=$1 uri probe found=1; shift
  probe=$(mktemp -d)
  for uri in "$@"; do
    if /usr/lib/apt/apt-helper -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 download-file "$uri/dists/$suite/InRelease" "$probe/InRelease" 2>/dev/null </dev/null >&2 &&
      grep -q '^Origin: Debian$' "$probe/InRelease"; then echo "$uri"; found=0; break; fi
  done
  rm -rf "$probe"; return $found
}

base() { # sets BASE, and builds it where it is not there yet
  local began=$SECONDS old
  BASE=$CACHE/$(recipe)
  lock_cache
  [ -e "$BASE/done" ] || { build_base; echo "fleet: base built in $((SECONDS - began)) s ($(du -sm "$BASE/root" | cut -f1) MB root, $(du -sm "$BASE/debian" | cut -f1) MB repository)"; }
  for old in "$CACHE"/????????????????; do
    [ "$old" = "$BASE" ] || [ ! -d "$old" ] || grep -q "$old/" /proc/self/mounts || rm -rf --one-file-system "$old"
  done
  unlock_cache
}

build_base() {
  local root=$BASE/root main security keyring=/usr/share/keyrings/debian-archive-keyring.gpg found
  need_tools
  mapfile -t found < <(mirrors)
  [ ${#found[@]} -gt 0 ] || die "no Debian mirror in this machine's apt sources; name one there or in FLEET_MIRROR"
  main=$(archive_with $SUITE "${found[@]}") || die "none of this machine's apt sources has Debian $SUITE (or none answers)"
  security=$(archive_with $SUITE-security "$main-security" "${found[@]}") || die "none of this machine's apt sources has Debian $SUITE-security (or none answers)"
  rm -rf --one-file-system "$BASE"
  mkdir -p "$root" "$CACHE/debs" "$BASE/debian/pool/$SUITE" "$BASE/debian/pool/$SUITE-security"
  eval "$(apt-config shell http_proxy Acquire::http::Proxy)"; [ -z "${http_proxy:-}" ] || export http_proxy
  # In a mount namespace of its own: what it mounts is gone with it, however it ends.
  unshare --mount debootstrap --variant=minbase --arch="$ARCH" --keyring="$keyring" --cache-dir="$CACHE/debs" --include="$INCLUDE" $SUITE "$root" "$main" </dev/null >"$BASE/log" 2>&1 ||
    die "debootstrap failed, see $BASE/log"

  fetch_updates "$main" "$security" "$keyring"
  local deb name
  for deb in "$root"/var/cache/apt/archives/*.deb; do mv "$deb" "$BASE/debian/pool/$SUITE/"; done
  for name in "$BASE/debian/pool/$SUITE-security"/*.deb; do [ -e "$name" ] || die "Debian $SUITE has no pending security updates on this mirror"; break; done

  unlock_cache; signing_key    # index takes the lock for itself
  index "$BASE/debian" $SUITE oldstable Debian
  index "$BASE/debian" $SUITE-security oldstable-security Debian-Security
  build_demo_app "$BASE/fleet" 1.0 good; index "$BASE/fleet" fleet fleet Fleet
  lock_cache

  furnish_packages "$root"
  furnish_access "$root"
  touch "$BASE/done"
}

# Every newer .deb into the local repository, by this machine's own apt: hosts then need no network.
fetch_updates() { # MAIN SECURITY KEYRING
  local apt=$BASE/apt
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
  printf 'deb [signed-by=%s] %s %s main\ndeb [signed-by=%s] %s %s-security main\n' "$3" "$1" $SUITE "$3" "$2" $SUITE >"$apt/sources.list"
  local options=(-qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=-
    -o Dir::State="$apt/state" -o Dir::State::status="$BASE/root/var/lib/dpkg/status" -o Dir::State::extended_states="$apt/extended" -o Dir::Cache="$apt/cache"
    -o APT::Architecture="$ARCH" -o APT::Architectures="$ARCH" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false)
  { apt-get "${options[@]}" update && apt-get "${options[@]}" -y --download-only dist-upgrade; } </dev/null >>"$BASE/log" 2>&1 ||
    die "the security updates could not be fetched, see $BASE/log"
  mv "$apt"/cache/archives/*.deb "$BASE/debian/pool/$SUITE-security/" 2>/dev/null || true
  rm -rf "$apt"
}

# Local repositories as the only sources, demo-app 1.0, and an apt history that begins empty.
furnish_packages() { # ROOT
  local root=$1 s
  mkdir -p "$root"/srv/{debian,fleet} "$root/etc/fleet"
  gpg_fleet --export >"$root/etc/apt/keyrings/fleet.gpg"; chmod 644 "$root/etc/apt/keyrings/fleet.gpg"
  # copy:, unlike file:, downloads into the cache, so that a full disk is met where a real host meets it
  for s in debian:$SUITE debian:$SUITE-security fleet:fleet; do
    echo "deb [signed-by=/etc/apt/keyrings/fleet.gpg] copy:/srv/${s%:*} ${s#*:} main"
  done >"$root/etc/apt/sources.list"
  echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/90fleet"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"   # nothing starts while building
  # Again in a mount namespace.
  unshare --mount sh -ec '
    mount --bind "$1/debian" "$1/root/srv/debian"; mount --bind "$1/fleet" "$1/root/srv/fleet"
    chroot "$1/root" apt-get -qq update; DEBIAN_FRONTEND=noninteractive chroot "$1/root" apt-get -qq -y install demo-app' sh "$BASE" </dev/null >>"$BASE/log" 2>&1 ||
    die "the base cannot install from its own repository, see $BASE/log"
  # Without systemd, invoke-rc.d starts nothing unless policy-rc.d allows it and runlevel exists: upgrades
  # would leave every service on its old code.
  printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
  printf '#!/bin/sh\necho N 2\n' >"$root/sbin/runlevel"; chmod 755 "$root/sbin/runlevel"
  rm -f "$root"/var/log/apt/*; : >"$root/var/log/apt/history.log"; : >"$root/var/log/dpkg.log"
}

# Users, keys, sshd, nginx, and the way to reboot and power off.
furnish_access() { # ROOT
  local root=$1 home
  [ -e "$CACHE/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C fleet -f "$CACHE/id_ed25519"
  chroot "$root" useradd -m -s /bin/bash patch
  chroot "$root" usermod -p '*' patch     # '!' counts as locked: sshd without PAM then refuses even a key
  echo 'patch ALL=(ALL) NOPASSWD:ALL' >"$root/etc/sudoers.d/patch"; chmod 440 "$root/etc/sudoers.d/patch"
  for home in root home/patch; do install -D -m 600 "$CACHE/id_ed25519.pub" "$root/$home/.ssh/authorized_keys"; chmod 700 "$root/$home/.ssh"; done
  chroot "$root" chown -R patch:patch /home/patch/.ssh
  printf 'UsePAM no\nUseDNS no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 200\nHostKey /etc/ssh/ssh_host_ed25519_key\n' >"$root/etc/ssh/sshd_config.d/fleet.conf"
  rm -f "$root"/etc/ssh/ssh_host_*
  rm -f "$root/etc/nginx/sites-enabled/default"
  printf 'server { listen 80; location = /health { default_type text/plain; return 200 "ok\\n"; } location / { root /var/www/html; } }\n' >"$root/etc/nginx/conf.d/fleet.conf"
  sed -i 's/^worker_processes .*/worker_processes 1;/' "$root/etc/nginx/nginx.conf"
  install -m 755 "$HERE/fleet-init" "$root/sbin/fleet-init"
  printf '#!/bin/sh\necho reboot >/run/initctl\n' >"$root/usr/local/sbin/reboot"
  printf '#!/bin/sh\necho poweroff >/run/initctl\n' >"$root/usr/local/sbin/poweroff"
  printf '#!/bin/sh\ncase "$1" in -r) exec reboot ;; *) exec poweroff ;; esac\n' >"$root/usr/local/sbin/shutdown"
  chmod 755 "$root"/usr/local/sbin/{reboot,poweroff,shutdown}
}
