# Runs apt without changing anything. The caller runs choose_reader first, outside of any subshell.

# Takes no lock, logs no plan and writes nothing, so it also works on a full disk. A user who cannot write apt's caches
# can read them, which saves most of the work. Root makes the caches anew in memory instead.
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

# Sets `reader`: `login` unless the login is root. For root it is `nobody`, when nobody may read all that apt reads;
# else `root`.
choose_reader() {
  reader=login
  [ "$(id -u)" = 0 ] || return 0
  as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
  reader=nobody
  $as_nobody find /etc/apt /var/lib/apt /var/lib/dpkg/status -path '*/partial' -prune -o -name lock -o -name 'auth.conf*' -prune \
    -o ! -readable -exec false {} + >/dev/null 2>&1 || reader=root
}
