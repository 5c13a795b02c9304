# Shared by the scripts on a host. Everything is in functions, so that a script which was cut off on the way does
# nothing.
# Set by the caller: PW_KEY (the batch), PW_UPGRADES and PW_NEW (arguments of the package manager for installed and for
# new packages; checked, without blanks inside), PW_OLDER (yes: some versions become older), PW_KEEP (arguments for the
# versions that will be replaced).
# The package manager's own functions (apt.sh, ...) come next; package-manager.ts describes them.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset LANGUAGE
set -f

runs=/var/lib/patchwarden/runs
journal=$runs/$PW_KEY
# Packages of replaced versions, shared by all runs, because archives soon drop old versions.
kept=/var/lib/patchwarden/kept

# mark_file NAME FILE: prints the first line of the file as the value of the mark. Starts no program.
mark_file() {
  line=
  [ ! -r "$2" ] || read -r line <"$2" || :
  mark "$1 $line"
}

# Sets `boot_id`. Functions here set variables, because a subshell would cost as much as a program.
boot_id_now() { read -r boot_id </proc/sys/kernel/random/boot_id; }

# Sets `uptime`, in seconds. Unlike the time of day it never jumps, and reading it needs no program.
uptime_now() {
  read -r uptime _ </proc/uptime
  uptime=${uptime%%.*}
}

# Sets `start_time` of a living process, which distinguishes it from a later process with the same number; empty: it has
# ended.
start_time_of() { # PID
  start_time=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  # shellcheck disable=SC2086 # one field a word
  set -- ${line##*) }
  [ "$1" = Z ] || start_time=${20}
}

# Prints "pid (name)" of the process that holds a POSIX lock on the file, or nothing.
holder_of() { # FILE
  inode=$(stat -c %i "$1" 2>/dev/null) || return 0
  pid=
  while read -r _ kind _ _ process file _; do
    [ "$kind" = POSIX ] || continue
    case $file in *:"$inode") pid=$process && break ;; esac
  done </proc/locks
  [ -z "$pid" ] || echo "$pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
}

# Makes files and folders durable.
keep() { sync "$@" 2>/dev/null || sync; }
