# How apt is asked without changing anything. choose_reader comes first, outside of any subshell.

# Takes no lock, logs no plan and writes nothing, so that a full disk does not matter. apt's own caches, which spare it most
# of its work, are read by whoever cannot write them; else they are made anew in memory.
apt_reads() {
  command=$1
  shift
  set -- -q -o Debug::NoLocking=1 -o Dir::Log::Planner=/dev/null "$@"
  case ${reader:-root} in
    login) "$command" "$@" ;;
    nobody) $as_nobody "$command" "$@" ;;
    root) "$command" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@" ;;
  esac
}

# Sets `reader`: the login, or for root nobody, where that may read all that apt reads.
choose_reader() {
  reader=login
  [ "$(id -u)" = 0 ] || return 0
  as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
  reader=nobody
  $as_nobody find /etc/apt /var/lib/apt /var/lib/dpkg/status -path '*/partial' -prune -o -name lock -o -name 'auth.conf*' -prune \
    -o ! -readable -exec false {} + >/dev/null 2>&1 || reader=root
}
