# The functions for zypper in the scripts on a host. package-manager.ts describes each function. rpm.sh comes before it.

pm_cache=/var/cache/zypp

pm_present() { command -v rpm >/dev/null && command -v zypper >/dev/null && command -v script >/dev/null; }

# These are not failures: a reboot (102) or another run (103) is needed, or a repository is not available (106).
zypper_fine() { case $1 in 0 | 102 | 103 | 106) return 0 ;; *) return "$1" ;; esac; }

# Takes no lock and writes nothing. As root, zypper would fetch unknown package lists. So it is asked only where there
# are package lists.
pm_simulate() {
  [ $# -gt 0 ] || return 0
  find /var/cache/zypp/raw -name repomd.xml 2>/dev/null | grep -q . || { echo 'error: no repository was ever refreshed there'; return 6; }
  rpm_as_root env LC_ALL=C ZYPP_READONLY_HACK=1 zypper --non-interactive --no-refresh --xmlout install --dry-run "$@"
  zypper_fine $?
}

# Upgrades of packages that are no longer installed are left out. New packages are named when nothing pulls them in.
# Package files may be unsigned, because only kept packages are files: zypper checked them when it fetched them.
pm_choose_arguments() {
  arguments=$(rpm_kept_or_named "$(rpm_installed_of "$PW_UPGRADES")")
  [ -z "$arguments" ] || arguments="${PW_OLDER:+--oldpackage --allow-unsigned-rpm} $arguments"
  [ -n "$PW_NEW" ] || return 0
  # shellcheck disable=SC2086 # one argument a word
  planned=$(pm_simulate $arguments 2>/dev/null | pm_plan)
  for one in $PW_NEW; do
    package=$(rpm_package_of "$one")
    printf '%s\n' "$planned" | grep -q "^I ${package%.*} ${package##*.} " && continue
    arguments="$arguments $PW_NEW"
    return 0
  done
}

# Prints name.architecture of name.architecture=version.
rpm_package_of() { printf '%s\n' "${1%%=*}"; }

rpm_name_of() { package=${1%%=*}; printf "%s\n" "${package%.*}"; }

# Sets `name`, the file name for name.architecture=version-release. It has no epoch.
zypper_file() {
  package=${1%%=*}
  version=${1#*=}
  name=${package%.*}-${version#*:}.${package##*.}.rpm
}

pm_kept_file() { zypper_file "$1" && file=$kept/$name; }

# The cache has the package only when keeppackages is set.
pm_cached_file() {
  zypper_file "$1"
  cached=$(find "$pm_cache/packages" -type f -name "$name" 2>/dev/null | head -n 1)
}

pm_fetch() { # SECONDS ARGUMENT...
  seconds=$1
  shift
  # shellcheck disable=SC2046 # one argument a word
  timeout "$seconds" zypper --non-interactive --no-refresh --pkg-cache-dir "$PWD/.cache" download \
    $(for one in "$@"; do echo "$(rpm_name_of "$one")=${one#*=}"; done) || return 1
  find .cache -type f -name '*.rpm' -exec mv -f {} . \;
}

pm_plan() {
  awk -v RS='<' '
    function attribute(name) {
      if (!match($0, " " name "=\"[^\"]*\"")) return ""
      return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
    }
    /^to-/ { action = $1; sub(/>.*/, "", action) }
    /^\/to-/ { action = "" }
    /^solvable / && action != "" && attribute("type") == "package" {
      if (action == "to-remove") print "R", attribute("name")
      else print "I", attribute("name"), attribute("arch"), attribute("edition")
    }' | sort -u
}

# The gate gets the output of zypper up to its question.
pm_actual() { pm_plan; }

# When zypper asks whether to go on, it holds its lock and has printed exactly what it will do. There the gate answers.
# Other questions get their default answer, which is no. zypper reads answers only from a terminal, so script gives it
# one. Packages are fetched before, so that fetching cannot fail there.
pm_install() { # SECONDS
  [ -n "$arguments" ] || { : & return 0; }
  export ZYPP_LOCK_TIMEOUT="$1"
  {
    # shellcheck disable=SC2086 # one argument a word
    zypper --non-interactive --no-refresh --xmlout install --auto-agree-with-licenses --download-only $arguments
    zypper_fine $? || exit $?
    mkfifo answers
    exec 3<>answers
    {
      script -qefc "exec zypper --no-refresh --xmlout install --auto-agree-with-licenses $arguments" /dev/null <&3
      echo $? >zypper-status
    } | zypper_answers
    zypper_fine "$(cat zypper-status)"
  } &
}

zypper_answers() { # passes on what zypper says, and answers what it asks
  said=
  answering=
  return=$(printf '\r')
  while IFS= read -r line; do
    line=${line%"$return"}
    printf '%s\n' "$line"
    [ "$said" = decided ] || said="$said$line
"
    # The terminal shows the answers, too. These lines are ignored.
    case $line in '' | y | n) continue ;; esac
    [ -z "$answering" ] || kill "$answering" 2>/dev/null
    answering=
    [ "$line" = '</prompt>' ] || continue
    answer=
    case $said in
      *'</install-summary>'*)
        answer=n
        if printf '%s' "$said" | /bin/sh "$journal/gate"; then answer=y; fi
        said=decided
        ;;
    esac
    zypper_answer "$answer" >&3 &
    answering=$!
  done
  [ -z "$answering" ] || kill "$answering" 2>/dev/null
}

# Before zypper reads an answer, it discards what was typed. So the answer is repeated until zypper goes on. An answer
# too many is discarded at the next question.
zypper_answer() { # ANSWER
  for wait in 0.1 0.5 1 2 4 8 16 32 64; do
    sleep "$wait"
    echo "$1"
  done
}

pm_installed() { :; }

pm_lock_holder() {
  pid=$(cat /run/zypp.pid /var/run/zypp.pid 2>/dev/null | head -n 1)
  if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then return 0; fi
  echo "$pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
}

pm_counts() {
  awk '
    /^<download .*done=/ { got++ }
    /^<progress id="install-resolvable" .*done=/ { put++ }
    END { print got + 0, put + 0, put + 0 }' log
}

pm_reboot_wanted() {
  [ -e /run/reboot-needed ] || [ -e /run/reboot-required ] || rpm_kernel_comes || [ "$(cat zypper-status)" = 102 ] ||
    { zypper needs-rebooting >/dev/null 2>&1; [ $? = 102 ]; }
}

# zypper reports only the total size. Of other versions it reports only that they exist.
pm_sizes() { # ARGUMENT...
  total=$(printf '%s\n' "$simulation" | sed -n 's/.*<install-summary .*download-size="\([0-9]*\)".*/\1/p')
  awk -v kib="$((${total:-0} / 1024))" '$1 == "I" { print $2, $4, kib, kib * 3; kib = 0 }'
  [ $# = 0 ] || zypper --non-interactive --no-refresh --xmlout search --details --match-exact $(for one in "$@"; do rpm_name_of "$one"; done) 2>/dev/null |
    awk -v RS='<' '/^solvable / && !/repository="\(System Packages\)"/ {
      match($0, / name="[^"]*"/); name = substr($0, RSTART + 7, RLENGTH - 8)
      match($0, / edition="[^"]*"/); print name, substr($0, RSTART + 10, RLENGTH - 11), 1, 1
    }'
}
