# The runner: one transaction of the package manager, with nobody watching. Lives in the journal, where it leaves what it did:
#   running/   it has begun: boot id, processes, time        log      what the package manager said
#   decision   committed: it may begin; anything else: it never will. A link, so that it is decided once (begins.sh).
#   before, after   the packages                             result   "exit N" or "held WHY", when all is done
#   ended      a pipe that it holds open until the result is there
#   to-keep    versions that it replaced and has not kept yet
# Set above: PW_KEY, PW_UPGRADES, PW_NEW, PW_REBOOT, PW_RESTART, PW_LOCK_SECONDS, PW_NOT_AFTER.

leave_result() { # RESULT
  printf '%s\n' "$1" >result.new
  keep result.new
  mv result.new result
  keep .
  # Who opens it from now on finds nothing, and who reads it reads its end.
  rm -f ended
  exec 9>&-
}

# A key is used once; half a year later nobody asks for it again.
forget_old() {
  find "$runs" -mindepth 1 -maxdepth 1 \( -mtime +180 -o -name '.new-*' -mmin +60 \) -exec rm -rf {} +
}

# Nothing was replaced.
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
  # As with the journal: whoever renames first is the only runner there will ever be.
  mv -T "$mine" running 2>/dev/null || { rm -rf "$mine"; exit 0; }
  exec >>log 2>&1 </dev/null
  # What services are started with in the course of it should not be ours; a unit has no HOME, which some scripts need.
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
  # No service that it starts may hold the pipe.
  pm_install $((left > 10 ? left : 10)) 9>&-
  start_time_of $!
  echo "$! $start_time" >>running/processes
  wait $!
  status=$?
  umask 077
  # It never asked the gate: there was nothing that it would have done.
  if [ $status = 0 ] && [ ! -e actual ]; then
    cp before after
    : >actual
    [ ! -s plan ] || finish 'held changed'
    finish 'exit 0'
  fi
  [ $status != 0 ] || pm_installed
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
    systemctl reboot 2>/dev/null || reboot || shutdown -r now || mv reboot reboot-refused
    return
  fi
  leave_result "exit $status"
  # The host is back at its own work.
  renice -n 19 -p $$ >/dev/null 2>&1
  chrt --idle --pid 0 $$ >/dev/null 2>&1
  keep_owed >keep-log 2>&1
  forget_old
}

run
