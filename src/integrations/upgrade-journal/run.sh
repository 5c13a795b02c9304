# The runner: one transaction of the package manager, which nobody watches. Its folder is the journal, with these files:
#   running/   it has begun: boot id, processes, time        log      the output of the package manager
#   decision   committed: it may begin; anything else: it never will. A link, so that it is decided once (begins.sh).
#   before, after   the packages                             result   "exit N" or "held WHY", at the very end
#   ended      a pipe that the runner holds open until the result is there
#   to-keep    replaced versions that it has not kept yet
# Set above: PW_KEY, PW_UPGRADES, PW_NEW, PW_REBOOT, PW_RESTART, PW_LOCK_SECONDS, PW_NOT_AFTER.

leave_result() { # RESULT
  printf '%s\n' "$1" >result.new
  keep result.new
  mv result.new result
  keep .
  # From now on the pipe cannot be opened, and a process that reads it gets its end.
  rm -f ended
  exec 9>&-
}

# Deletes journals after half a year. A key is used only once, and nobody asks for it later.
forget_old() {
  find "$runs" -mindepth 1 -maxdepth 1 \( -mtime +180 -o -name '.new-*' -mmin +60 \) -exec rm -rf {} +
}

# Ends a run that has replaced nothing.
finish() { # RESULT
  rm -f to-keep
  leave_result "$1"
  forget_old
  exit 0
}

end_if_over() {
  is_over || return 0
  ln -s over decision 2>/dev/null
  finish 'held over'
}

wait_for_lock() {
  until [ -z "$(pm_lock_holder)" ]; do
    pm_lock_holder >running/lock-holder
    uptime_now
    [ $((uptime - began)) -lt "$PW_LOCK_SECONDS" ] || return 1
    end_if_over
    sleep 1
  done
  [ ! -e running/lock-holder ] || rm -f running/lock-holder
}

# A file system without inodes says "No space left" like one without room, and rpm may give no reason at all. So the log
# names what is full or read-only, and where. Read by failure.ts.
name_full() {
  folders=$(folders_not_written)
  # shellcheck disable=SC2086 # one folder a word
  df -Pi / /boot /var "$pm_cache" "$pm_database" $folders 2>/dev/null |
    awk 'NR > 1 && $2 > 0 && $4 == 0 { print "patchwarden: no inode is left on " $6 }' | sort -u
  # shellcheck disable=SC2086 # one folder a word
  [ -z "$folders" ] || df -Pk $folders 2>/dev/null |
    awk 'NR > 1 && $4 < 1024 { print "patchwarden: no room is left on " $6 }' | sort -u
  # shellcheck disable=SC2086 # one folder a word
  [ -z "$folders" ] || df -P $folders 2>/dev/null | awk 'NR > 1 { print $6 }' | sort -u | while read -r mount; do
    awk -v mount="$mount" '$2 == mount { options = $4 } END { exit options !~ /^ro(,|$)/ }' /proc/self/mounts &&
      echo "patchwarden: $mount is a Read-only file system"
  done
}

# The folders of the files that could not be written, as the log names the files.
folders_not_written() {
  sed -n -e "/No space left/s,^[^/]*\(/[^ ':;)]*\).*,\1,p" \
    -e "s,.*unpacking of archive failed on file \(/[^ ':;)]*\).*,\1,p" log | while read -r file; do
    until [ -d "$file" ]; do file=$(dirname "$file"); done
    echo "$file"
  done | sort -u
}

run() {
  umask 077
  cd "$journal" || exit 1
  uptime_now
  began=$uptime
  mine=$(mktemp -d running.XXXXXXXX) || exit 1
  boot_id_now
  echo "$boot_id" >"$mine/boot-id"
  echo "$began" >"$mine/began"
  start_time_of $$
  echo "$$ $start_time" >"$mine/processes"
  exec 9<>ended
  # Only the first runner can rename; any other one exits.
  mv -T "$mine" running 2>/dev/null || { rm -rf "$mine"; exit 0; }
  exec >>log 2>&1 </dev/null
  # Restarted services must not get the variables of our login. A unit has no HOME, which some scripts need.
  HOME=/root
  export HOME
  unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK SUDO_COMMAND SUDO_GID SUDO_UID SUDO_USER

  wait_for_lock || finish 'held lock'
  end_if_over
  pm_packages >before
  pm_half_done <before >half-done
  [ ! -s half-done ] || finish 'held half-done'
  pm_choose_arguments
  umask 022
  keep_cached
  uptime_now
  left=$((PW_LOCK_SECONDS - (uptime - began)))
  # Services that the transaction starts must not hold the pipe open.
  pm_install $((left > 10 ? left : 10)) 9>&-
  start_time_of $!
  echo "$! $start_time" >>running/processes
  wait $!
  status=$?
  umask 077
  # The package manager has not asked the gate, so it had nothing to do.
  if [ $status = 0 ] && [ ! -e actual ]; then
    cp before after
    : >actual
    [ ! -s plan ] || finish 'held changed'
    finish 'exit 0'
  fi
  if [ $status = 0 ]; then pm_installed; else name_full; fi
  pm_packages >after
  pm_half_done <after >half-done
  if [ $status = 0 ] && [ "$PW_REBOOT" = yes ] && pm_reboot_wanted; then echo "$boot_id" >reboot; fi
  if [ $status = 0 ] && [ "$PW_RESTART" = yes ] && [ ! -e reboot ]; then
    umask 022
    restart_services 9>&-
    umask 077
  fi
  [ "$(readlink decision)" = committed ] || finish "exit $status"
  if [ -e reboot ]; then
    keep_owed >keep-log 2>&1
    trap '' HUP TERM
    leave_result "exit $status"
    # Whoever attends is told of the end, and so of the reboot, before the connection goes.
    sleep 3
    systemctl reboot 2>/dev/null || reboot || shutdown -r now || mv reboot reboot-refused
    return
  fi
  leave_result "exit $status"
  # The host is at its own work again, so the rest runs with the lowest priority.
  renice -n 19 -p $$ >/dev/null 2>&1
  chrt --idle --pid 0 $$ >/dev/null 2>&1
  keep_owed >keep-log 2>&1
  forget_old
}

run
