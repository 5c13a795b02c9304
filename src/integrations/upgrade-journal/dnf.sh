# The part of dnf 4 in the scripts on a host. package-manager.ts says what each function is for; dnf_plugin and rpm.sh come
# before it. dnf lists what it resolved through a plugin: its tables are for people and break lines as they like.

pm_cache=/var/cache/dnf

# dnf 5 is another program, which runs no plugins of Python.
dnf_python() { sed -n '1s/^#! *\([^ ]*python[^ ]*\).*/\1/p' "$(command -v dnf)" 2>/dev/null; }

pm_present() { command -v rpm >/dev/null && [ -n "$(dnf_python)" ]; }

# dnf with its own plugins and ours. FOLDER ARGUMENTS: the plugin is put into the folder.
dnf_with_plugin() {
  folder=$1
  shift
  dnf_plugin >"$folder/patchwarden.py"
  plugins=$("$(dnf_python)" -c 'import dnf.const; print(dnf.const.PLUGINPATH)') || return 1
  rpm_as_root env LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATCHWARDEN_GATE="${gate:-}" dnf --setopt=pluginpath="$plugins,$folder" "$@"
}

# Only from what it has fetched: a look changes nothing. dnf ends with 1 where it was not let do it, which is so here.
pm_simulate() {
  [ $# -gt 0 ] || return 0
  place=$(mktemp -d /dev/shm/patchwarden-XXXXXXXX 2>/dev/null || mktemp -d) || return 1
  said=$(dnf_with_plugin "$place" -q -C --assumeno "$@" 2>&1)
  status=$?
  rm -rf "$place"
  printf '%s\n' "$said"
  [ $status = 0 ] || printf '%s\n' "$said" | grep -q '^Operation aborted\.$'
}

# "install" with an exact version goes to that version, up or down. Of what is to be upgraded, what is not there any more
# is left out; new packages are named where nothing pulls them in.
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

# Sets `name`, as dnf names the file of name-epoch:version-release.architecture.
dnf_file() {
  before=${1%%:*}
  name=${before%-*}-${1#*:}.rpm
}

pm_kept_file() { dnf_file "$1" && file=$kept/$name; }

# It has one where keepcache is set.
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

# The plugin gives the gate the steps as it prints them.
pm_actual() { pm_plan; }

pm_install() { # SECONDS
  [ -n "$arguments" ] || { : & return 0; }
  # shellcheck disable=SC2086 # one argument a word
  { gate=$journal/gate dnf_with_plugin "$journal" --setopt='*.metadata_expire=-1' -y $arguments && ! grep -q 'scriptlet failed, exit status' log; } &
}

# name.architecture of name-epoch:version-release.architecture
rpm_package_of() { printf '%s\n' "$1" | sed 's/^\(.*\)-[^-]*-[^-]*\.\([^.]*\)$/\1.\2/'; }

# What was named only because nothing else pulled it in was not asked for by anybody on the host.
pm_installed() {
  # shellcheck disable=SC2046 # one argument a word
  [ -z "$named_new" ] || dnf -q -C mark remove $(for one in $PW_NEW; do rpm_package_of "$one"; done) || true
}

# dnf notes its number in a file while it is at work.
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

# The simulation, which the caller has, tells the sizes beside the plan.
pm_sizes() { # ARGUMENT...
  printf '%s\n' "$simulation" | awk -F '\t' '$1 == "step" && $6 != "-" { print $3, $6, $8, $9 }'
  [ $# = 0 ] || dnf -q -C repoquery --qf '%{name} %{evr} %{downloadsize} %{installsize}' "$@" 2>/dev/null |
    awk '{ print $1, $2, int($3 / 1024) + 1, int($4 / 1024) + 1 }'
}
