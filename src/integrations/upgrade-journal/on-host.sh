# What the scripts on a host share. Everything is in functions, so that a script that was cut off on its way does nothing.
# Set by the caller: PW_KEY (the batch), PW_UPGRADES and PW_NEW (arguments of the package manager: what is there already,
# and what is not yet; checked, no blanks inside), PW_OLDER (yes: some are older than what they replace), PW_KEEP
# (arguments for the versions that will be replaced).
# The package manager's own part (apt.sh, ...) comes next; package-manager.ts says which functions it defines.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
unset LANGUAGE
set -f

runs=/var/lib/patchwarden/runs
journal=$runs/$PW_KEY
# Packages of the versions that upgrades replaced, shared by all runs: an archive seldom has them for long.
kept=/var/lib/patchwarden/kept

# mark_file NAME FILE: the file's first line as the value of the mark. No program is started for it.
mark_file() {
  line=
  [ ! -r "$2" ] || read -r line <"$2" || :
  mark "$1 $line"
}

# Sets `boot_id`. As with all that sets a variable here: a subshell would cost as much as a program.
boot_id_now() { read -r boot_id </proc/sys/kernel/random/boot_id; }

# Sets `uptime`, in seconds: unlike the time of day it never jumps, and it takes no program to read.
uptime_now() {
  read -r uptime _ </proc/uptime
  uptime=${uptime%%.*}
}

# Sets `start_time`, of a living process, which tells it from a later one with the same number; empty: it lives no more.
start_time_of() { # PID
  start_time=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  # shellcheck disable=SC2086 # one field a word
  set -- ${line##*) }
  [ "$1" = Z ] || start_time=${20}
}

# "pid (name)" of the process that holds a POSIX lock on the file; nothing where nobody does.
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
