# Can the fleet run here? Part of ../fleet.

why_not() { # prints reasons, or nothing; makes and removes one of each thing the fleet is made of
  [ "$(id -u)" = 0 ] || { echo 'needs root (namespaces and mounts)'; return; }
  local tool probe="$NAME-probe$$" dir
  for tool in ip unshare nsenter mount flock; do
    command -v $tool >/dev/null || { echo "$tool is not installed (iproute2, util-linux)"; return; }
  done
  command -v apt-get >/dev/null || { echo 'needs a machine with apt (it builds Debian hosts)'; return; }
  if ! ip netns add "$probe" 2>/dev/null; then echo 'this kernel or sandbox refuses network namespaces'; return; fi
  if ! ip -n "$probe" link add v1 type veth peer name v2 2>/dev/null; then echo 'no veth interfaces here'
  elif ! ip -n "$probe" link add br1 type bridge 2>/dev/null; then echo 'no bridge interfaces here'; fi
  ip netns del "$probe"
  unshare --mount --uts --ipc --pid --time --boottime 0 --fork true 2>/dev/null ||
    echo 'this kernel or sandbox refuses pid, mount or time namespaces'
  dir=$(mktemp -d)
  if ! mount -t tmpfs tmpfs "$dir" 2>/dev/null; then echo 'tmpfs cannot be mounted'
  else
    mkdir "$dir"/{l,u,w,m}
    if mount -t overlay overlay -o "lowerdir=$dir/l,upperdir=$dir/u,workdir=$dir/w" "$dir/m" 2>/dev/null; then umount "$dir/m"
    else echo 'overlayfs cannot be mounted'; fi
    umount "$dir"
  fi
  rm -rf --one-file-system "$dir"
  [ "$KIND" != systemd ] || why_no_systemd
  [ -e "$CACHE/$(recipe)/done" ] || why_no_base
}

why_no_base() { # the first base needs Debian's archive
  local found; mapfile -t found < <(mirrors)
  if [ ${#found[@]} = 0 ]; then echo "no Debian mirror in this machine's apt sources, and FLEET_MIRROR is not set"
  elif ! archive_with $SUITE "${found[@]}" >/dev/null; then echo "none of this machine's apt sources answers with Debian $SUITE, and no base is cached"; fi
}

need_tools() {
  local missing=()
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  command -v ssh-keygen >/dev/null || missing+=(openssh-client)
  command -v dpkg-scanpackages >/dev/null || missing+=(dpkg-dev)
  command -v gpg >/dev/null && command -v gpg-agent >/dev/null || missing+=(gpg gpg-agent)
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} = 0 ] && return
  apt-get update -qq </dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
