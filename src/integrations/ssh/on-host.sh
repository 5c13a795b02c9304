# What the scripts on a host share. Everything is in functions, so that a script that was cut off on its way does nothing.
# Set by the caller: PW_KEY (the batch), PW_UPGRADES and PW_NEW (name:architecture=version, checked, no blanks inside),
# PW_OLDER (yes: some are older than what they replace).

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset LANGUAGE
set -f

runs=/var/lib/patchwarden/runs
journal=$runs/$PW_KEY

mark() { printf '\n@@ %s\n' "$*"; }

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Keeps its caches in memory, takes no lock and logs no plan: nothing is written, and a full disk does not matter.
apt_reads() {
  command=$1
  shift
  "$command" -q -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dir::Log::Planner=/dev/null "$@"
}

# With -y, as it will run: what apt refuses to do unasked (packages on hold, downgrades) it refuses here, too.
simulate() { apt_reads apt-get -s -y "$@"; }

# Sets $arguments of apt-get. What is only pulled in is not named, so that it stays automatically installed; but where
# nothing pulls it in, it must be.
choose_arguments() {
  named_new=
  arguments="--only-upgrade ${PW_OLDER:+--allow-downgrades} install $PW_UPGRADES"
  [ -n "$PW_NEW" ] || return 0
  # shellcheck disable=SC2086 # one argument a word
  simulation=$(simulate $arguments 2>/dev/null)
  for one in $PW_NEW; do
    printf '%s\n' "$simulation" | grep -q "^Inst ${one%%[:=]*}[: ]" && continue
    arguments="install $PW_UPGRADES $PW_NEW"
    named_new=yes
    return 0
  done
}

# From apt-get -s: "I name architecture version" for each package installed, "R name" for each removed.
plan_of_simulation() {
  awk '
    /^Inst / {
      name = $2; sub(/:.*/, "", name)
      version = $3 ~ /^\[/ ? $4 : $3; sub(/^\(/, "", version)
      architecture = match($0, /\[[a-z0-9-]+\]\)/) ? substr($0, RSTART + 1, RLENGTH - 3) : "?"
      print "I", name, architecture, version
    }
    /^(Remv|Purg) / { name = $2; sub(/:.*/, "", name); print "R", name }' | sort -u
}

# "pid (name)" of the process that holds the lock of dpkg; nothing where it is free.
lock_holder() {
  inode=$(stat -c %i /var/lib/dpkg/lock-frontend 2>/dev/null) || return 0
  pid=$(awk -v inode=":$inode" '$2 == "POSIX" && substr($6, length($6) - length(inode) + 1) == inode { print $5; exit }' /proc/locks)
  [ -z "$pid" ] || echo "$pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
}

# report NAME COMMAND...: its output as section NAME, then its exit status and errors as section NAME-status.
report() {
  mark "$1"
  section=$1
  shift
  { said=$("$@" 2>&1 >&3 3>&-); status=$?; } 3>&1
  mark "$section-status $status"
  printf '%s\n' "$said"
}

# What dpkg was interrupted in, a line a package; nothing where all is well. Not "dpkg --audit", which also names
# packages that merely lack checksums.
half_done() {
  # shellcheck disable=SC2016 # dpkg-query expands these
  dpkg-query -W -f '${Package} ${db:Status-Status} ${db:Status-Eflag}\n' |
    awk '$2 ~ /^(half-installed|half-configured|unpacked)$/ || $3 == "reinstreq" { print $1 " is " $2 }'
  set +f
  for update in /var/lib/dpkg/updates/[0-9]*; do
    [ ! -e "$update" ] || echo "dpkg was interrupted: $update is left over"
  done
  set -f
}

packages() {
  # shellcheck disable=SC2016 # dpkg-query expands these
  dpkg-query -W -f '${Package} ${Architecture} ${Version} ${db:Status-Status}\n' | LC_ALL=C sort
}

# Start time of a living process, which tells it from a later one with the same number.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

# Makes a file or folder durable.
keep() { sync "$1" 2>/dev/null || sync; }
