# The functions for dnf 4 in the scripts on a host. package-manager.ts describes each function. dnf_plugin and rpm.sh
# come before it. A plugin lists the steps of dnf, because dnf's own tables are for people and break lines anywhere.

pm_cache=/var/cache/dnf

# dnf 5 is another program, which does not run Python plugins.
dnf_python() { sed -n '1s/^#! *\([^ ]*python[^ ]*\).*/\1/p' "$(command -v dnf)" 2>/dev/null; }

pm_present() { command -v rpm >/dev/null && [ -n "$(dnf_python)" ]; }

# Runs dnf with its own plugins and ours. FOLDER ARGUMENTS: our plugin is written into the folder.
dnf_with_plugin() {
  folder=$1
  shift
  dnf_plugin >"$folder/patchwarden.py"
  plugins=$("$(dnf_python)" -c 'import dnf.const; print(dnf.const.PLUGINPATH)') || return 1
  rpm_as_root env LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATCHWARDEN_GATE="${gate:-}" dnf --setopt=pluginpath="$plugins,$folder" "$@"
}

# Uses only data that dnf has already fetched, so a look changes nothing. dnf ends with 1 because of --assumeno; this is
# not a failure.
pm_simulate() {
  [ $# -gt 0 ] || return 0
  place=$(mktemp -d /dev/shm/patchwarden-XXXXXXXX 2>/dev/null || mktemp -d) || return 1
  said=$(dnf_with_plugin "$place" -q -C --assumeno "$@" 2>&1)
  status=$?
  rm -rf "$place"
  printf '%s\n' "$said"
  [ $status = 0 ] || printf '%s\n' "$said" | grep -q '^Operation aborted\.$'
}

# "install" with an exact version moves a package to that version, up or down. Upgrades of packages that are no longer
# installed are left out. New packages are named when nothing pulls them in.
pm_choose_arguments() {
  named_new=
  arguments=$(rpm_kept_or_named "$(rpm_installed_of "$PW_UPGRADES")")
  [ -z "$arguments" ] || arguments="install $arguments"
  [ -n "$PW_NEW" ] || return 0
  # shellcheck disable=SC2086 # one argument a word
  planned=$(pm_simulate $arguments 2>/dev/null | pm_plan)
  for one in $PW_NEW; do
    package=$(rpm_package_of "$one")
    printf '%s\n' "$planned" | grep -q "^I ${package%.*} ${package##*.} " && continue
    arguments="${arguments:-install} $PW_NEW"
    named_new=yes
    return 0
  done
}

# Sets `name`, dnf's file name for name-epoch:version-release.architecture.
dnf_file() {
  before=${1%%:*}
  name=${before%-*}-${1#*:}.rpm
}

pm_kept_file() { dnf_file "$1" && file=$kept/$name; }

# The cache has the package only when keepcache is set.
pm_cached_file() {
  dnf_file "$1"
  set +f
  for cached in "$pm_cache"/*/packages/"$name"; do [ ! -e "$cached" ] || break; done
  set -f
}

pm_fetch() { # SECONDS ARGUMENT...
  seconds=$1
  shift
  timeout "$seconds" dnf -q --setopt='*.metadata_expire=-1' download --destdir=. "$@"
}

pm_plan() {
  awk -F '\t' '
    $1 == "step" && $2 == "remove" { print "R", $3 }
    $1 == "step" && $2 != "remove" { print "I", $3, $4, $6 }' | sort -u
}

# The plugin gives the steps to the gate in the same form as it prints them.
pm_actual() { pm_plan; }

pm_install() { # SECONDS
  [ -n "$arguments" ] || { : & return 0; }
  # shellcheck disable=SC2086 # one argument a word
  { gate=$journal/gate dnf_with_plugin "$journal" --setopt='*.metadata_expire=-1' -y $arguments && ! grep -q 'scriptlet failed, exit status' log; } &
}

# Prints name.architecture of name-epoch:version-release.architecture.
rpm_package_of() { printf '%s\n' "$1" | sed 's/^\(.*\)-[^-]*-[^-]*\.\([^.]*\)$/\1.\2/'; }

# Nobody on the host asked for a package that was named only because nothing pulled it in. So it becomes automatically
# installed.
pm_installed() {
  # shellcheck disable=SC2046 # one argument a word
  [ -z "$named_new" ] || dnf -q -C mark remove $(for one in $PW_NEW; do rpm_package_of "$one"; done) || true
}

# While dnf is at work, its process number is in a file.
pm_lock_holder() {
  set +f
  for lock in /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/*_lock.pid /run/dnf/*.pid; do
    pid=$(cat "$lock" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || continue
    echo "$pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
    break
  done
  set -f
}

pm_counts() {
  awk '
    /^\(?[0-9]*\/[0-9]*\): / || /^\[SKIPPED\]/ { got++ }
    /^  (Installing|Upgrading|Downgrading) *: / { put++ }
    /^  Verifying/ { seen++ }
    END { print got + 0, put + 0, seen + 0 }' log
}

pm_reboot_wanted() {
  [ -e /run/reboot-needed ] || [ -e /run/reboot-required ] || rpm_kernel_comes ||
    dnf -q -C needs-restarting -r 2>/dev/null | grep -q '^Reboot is required'
}

# The simulation, which the caller has made, also contains the sizes.
pm_sizes() { # ARGUMENT...
  printf '%s\n' "$simulation" | awk -F '\t' '$1 == "step" && $6 != "-" { print $3, $6, $8, $9 }'
  [ $# = 0 ] || dnf -q -C repoquery --qf '%{name} %{evr} %{downloadsize} %{installsize}' "$@" 2>/dev/null |
    awk '{ print $1, $2, int($3 / 1024) + 1, int($4 / 1024) + 1 }'
}
