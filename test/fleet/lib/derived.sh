# Hosts that are more than plain Debian: the base of another FLEET_KIND is the Debian base with Debian's packages for it on
# top. Part of ../fleet.

derived_base() { # after base: sets BASE to the base of hosts of this kind, and builds it where it is not there yet
  local debian=$BASE began=$SECONDS old
  BASE=$CACHE/$KIND-$({ recipe; cat "$HERE"/lib/{derived,rpm,systemd}.sh; } | sha256sum | cut -c1-16)
  lock_cache
  if [ ! -e "$BASE/done" ]; then
    rm -rf --one-file-system "$BASE"
    mkdir -p "$BASE"
    cp -a "$debian/root" "$BASE/root"
    case $KIND in
      dnf | zypper) mkdir "$BASE"/{debian,fleet}; furnish_rpm ;;
      systemd) cp -al "$debian"/{debian,fleet} "$BASE/"; furnish_systemd ;;
    esac
    touch "$BASE/done"
    echo "fleet: $KIND base built in $((SECONDS - began)) s"
  fi
  for old in "$CACHE/$KIND"-*; do
    [ "$old" = "$BASE" ] || grep -q "$old/" /proc/self/mounts || rm -rf --one-file-system "$old"
  done
  unlock_cache
}

# Installs these packages of Debian and all they need, by this machine's own apt; COMMANDS come first, in the root.
add_packages() { # COMMANDS PACKAGE...
  local before=$1; shift
  fetch_packages "$BASE/debs" "$@"
  unshare --mount sh -ec '
    cp "$1"/debs/*.deb "$1/root/tmp"
    mount -t proc proc "$1/root/proc"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$1/root" sh -ec "$2; apt-get -qq -y -o Dir::Etc::SourceList=/dev/null install /tmp/*.deb; rm /tmp/*.deb"
    : >"$1/root/var/log/apt/history.log"; : >"$1/root/var/log/dpkg.log"' sh "$BASE" "$before" </dev/null >"$BASE/log" 2>&1 ||
    die "$* could not be installed, see $BASE/log"
  rm -rf "$BASE/debs"
}

fetch_packages() { # FOLDER PACKAGE...
  local folder=$1 apt=$BASE/apt main security found keyring=/usr/share/keyrings/debian-archive-keyring.gpg; shift
  mapfile -t found < <(mirrors)
  main=$(archive_with $SUITE "${found[@]}") || die "none of this machine's apt sources has Debian $SUITE (or none answers)"
  security=$(archive_with $SUITE-security "$main-security" "${found[@]}") || die "none of this machine's apt sources has Debian $SUITE-security (or none answers)"
  mkdir -p "$apt"/{state/lists/partial,cache/archives/partial} "$folder"
  printf 'deb [signed-by=%s] %s %s main\ndeb [signed-by=%s] %s %s-security main\n' "$keyring" "$main" $SUITE "$keyring" "$security" $SUITE >"$apt/sources.list"
  local options=(-qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=-
    -o Dir::State="$apt/state" -o Dir::State::status="$BASE/root/var/lib/dpkg/status" -o Dir::State::extended_states="$apt/extended" -o Dir::Cache="$apt/cache"
    -o APT::Architecture="$ARCH" -o APT::Architectures="$ARCH" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false)
  { apt-get "${options[@]}" update && apt-get "${options[@]}" -y --no-install-recommends --download-only install "$@"; } </dev/null >"$BASE/fetch-log" 2>&1 ||
    die "$* could not be fetched, see $BASE/fetch-log"
  mv "$apt"/cache/archives/*.deb "$folder"
  rm -rf "$apt"
}
