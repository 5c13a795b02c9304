# The functions for apt and dpkg in the scripts on a host. package-manager.ts describes each function. ../apt/reads.sh
# comes before it.

pm_cache=/var/cache/apt/archives
pm_database=/var/lib/dpkg

pm_present() { command -v apt-get >/dev/null && choose_reader; }

# With -y, like the real run. So apt refuses the same things here (packages on hold, downgrades).
pm_simulate() { apt_reads apt-get -s -y "$@"; }

# Sets `name`, apt's file name for name:architecture=version.
apt_file() { # ARGUMENT
  named=${1%%=*}
  version=${1#*=}
  case $named in *:*) architecture=${named#*:} ;; *) architecture=all ;; esac
  while :; do case $version in *:*) version="${version%%:*}%3a${version#*:}" ;; *) break ;; esac; done
  name=${named%%:*}_${version}_$architecture.deb
}

pm_kept_file() { apt_file "$1" && file=$kept/$name; }

pm_cached_file() { apt_file "$1" && cached=$pm_cache/$name; }

pm_fetch() { # SECONDS ARGUMENT...
  seconds=$1
  shift
  timeout "$seconds" apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=1 download "$@"
}

# Prints the kept package in place of the argument, if there is one: the archive may no longer have the version.
kept_or_named() {
  for one in $PW_UPGRADES; do
    pm_kept_file "$one"
    if [ -e "$file" ]; then echo "$file"; else echo "$one"; fi
  done
}

# A package that is only pulled in is not named, so that it stays automatically installed. It is named when nothing
# pulls it in.
pm_choose_arguments() {
  named_new=
  upgrades=$PW_UPGRADES
  [ -z "$PW_OLDER" ] || upgrades=$(kept_or_named)
  arguments="--only-upgrade ${PW_OLDER:+--allow-downgrades} install $upgrades"
  [ -n "$PW_NEW" ] || return 0
  # shellcheck disable=SC2086 # one argument a word
  simulation=$(pm_simulate $arguments 2>/dev/null)
  for one in $PW_NEW; do
    printf '%s\n' "$simulation" | grep -q "^Inst ${one%%[:=]*}[: ]" && continue
    arguments="install $upgrades $PW_NEW"
    named_new=yes
    return 0
  done
}

pm_plan() {
  awk '
    /^Inst / {
      name = $2; sub(/:.*/, "", name)
      version = $3 ~ /^\[/ ? $4 : $3; sub(/^\(/, "", version)
      architecture = match($0, /\[[a-z0-9-]+\]\)/) ? substr($0, RSTART + 1, RLENGTH - 3) : "?"
      print "I", name, architecture, version
    }
    /^(Remv|Purg) / { name = $2; sub(/:.*/, "", name); print "R", name }' | sort -u
}

# Just before dpkg begins, apt asks the gate. apt then holds the lock of dpkg, and passes the exact list of its steps
# (DPkg::Pre-Install-Pkgs, version 3).
pm_actual() {
  awk '
    body && NF >= 9 { if ($9 == "**REMOVE**") print "R", $1; else print "I", $1, $7, $6 }
    /^$/ { body = 1 }' | sort -u
}

pm_install() { # SECONDS
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none
  # shellcheck disable=SC2086 # one argument a word
  apt-get -y -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o DPkg::Lock::Timeout="$1" \
    -o "DPkg::Pre-Install-Pkgs::=/bin/sh $journal/gate" -o DPkg::Tools::Options::/bin/sh::Version=3 \
    $arguments &
}

# Nobody on the host asked for a package that was named only because nothing pulled it in. So it becomes automatically
# installed.
pm_installed() {
  # shellcheck disable=SC2046,SC2086 # one argument a word
  [ -z "$named_new" ] || apt-mark -q auto $(printf '%s\n' $PW_NEW | sed 's/=.*//') || true
}

pm_lock_holder() { holder_of /var/lib/dpkg/lock-frontend; }

# "dpkg --audit" is not used, because it also names packages that only lack checksums.
pm_half_done() {
  awk '
    $5 == "reinstreq" { print $1 " has to be installed again (apt-get install --reinstall " $1 ")"; next }
    $4 ~ /^(half-installed|half-configured|unpacked)$/ { print $1 " is " $4 }'
  set +f
  for update in /var/lib/dpkg/updates/[0-9]*; do
    [ -e "$update" ] || continue
    echo "dpkg was interrupted: its journal (${update%/*}) is left over"
    break
  done
  set -f
}

pm_packages() {
  # shellcheck disable=SC2016 # dpkg-query expands these
  dpkg-query -W -f '${Package} ${Architecture} ${Version} ${db:Status-Status} ${db:Status-Eflag} ${Installed-Size}\n'
}

pm_counts() {
  awk '/^Get:/ { got++ } /^Unpacking / { unpacked++ } /^Setting up / { up++ } END { print got + 0, unpacked + 0, up + 0 }' log
}

pm_reboot_wanted() {
  [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ] || grep -q '^I linux-image-[0-9]' plan
}

pm_sizes() { # ARGUMENT...
  offered=
  while read -r step name architecture version; do
    case $step.$architecture in
      I.all) offered="$offered $name=$version" ;;
      I.*) offered="$offered $name:$architecture=$version" ;;
    esac
  done
  # shellcheck disable=SC2086 # one argument a word
  [ -z "$offered$*" ] || apt_reads apt-cache show $offered "$@" 2>/dev/null | awk '
    /^Package: / { name = $2; version = size = installed = "" }
    /^Version: / { version = $2 }
    /^Size: / { size = int(($2 + 1023) / 1024) }
    /^Installed-Size: / { installed = $2 }
    /^$/ { if (name != "") print name, version, size + 0, installed + 0; name = "" }
    END { if (name != "") print name, version, size + 0, installed + 0 }'
}
