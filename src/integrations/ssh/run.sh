# The runner: one apt transaction, with nobody watching. Lives in the journal, where it leaves what it did:
#   running/   it has begun: boot id, processes, time        log      what apt and dpkg said
#   decision   committed: dpkg may begin; anything else: it never will. A link, so that it is decided once.
#   before, after   the packages                             result   "exit N" or "held WHY", when all is done
# Set above: PW_KEY, PW_UPGRADES, PW_NEW, PW_REBOOT, PW_LOCK_SECONDS.

leave_result() { # RESULT
  printf '%s\n' "$1" >result.new
  keep result.new
  mv result.new result
  keep .
}

finish() { # RESULT
  leave_result "$1"
  exit 0
}

wait_for_lock() {
  until [ -z "$(lock_holder)" ]; do
    lock_holder >running/lock-holder
    [ $(($(date +%s) - began)) -lt "$PW_LOCK_SECONDS" ] || return 1
    sleep 1
  done
  rm -f running/lock-holder
}

install() {
  # shellcheck disable=SC2086 # one argument a word
  apt-get -y -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o DPkg::Lock::Timeout="$((PW_LOCK_SECONDS - ($(date +%s) - began) > 10 ? PW_LOCK_SECONDS - ($(date +%s) - began) : 10))" \
    -o "DPkg::Pre-Install-Pkgs::=/bin/sh $journal/gate" -o DPkg::Tools::Options::/bin/sh::Version=3 \
    $arguments &
  echo "$! $(started_at $!)" >>running/processes
  wait $!
}

reboot_wanted() {
  [ "$PW_REBOOT" = yes ] || return 1
  [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ] || grep -q '^I linux-image-[0-9]' plan
}

run() {
  umask 077
  cd "$journal" || exit 1
  began=$(date +%s)
  mine=$(mktemp -d running.XXXXXXXX) || exit 1
  boot_id >"$mine/boot-id"
  echo "$began" >"$mine/began"
  echo "$$ $(started_at $$)" >"$mine/processes"
  # As with the journal: whoever renames first is the only runner there will ever be.
  mv -T "$mine" running 2>/dev/null || { rm -rf "$mine"; exit 0; }
  exec >>log 2>&1 </dev/null
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none
  # What services are started with in the course of it should not be ours.
  unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK SUDO_COMMAND SUDO_GID SUDO_UID SUDO_USER

  wait_for_lock || finish 'held lock'
  half_done >half-done
  [ ! -s half-done ] || finish 'held half-done'
  choose_arguments
  # shellcheck disable=SC2086 # one argument a word
  simulate $arguments >preview 2>>log || finish 'held preview'
  plan_of_simulation <preview >planned
  cmp -s planned plan || finish 'held changed'
  [ -s plan ] || finish 'exit 0'

  packages >before
  umask 022
  install
  status=$?
  umask 077
  # shellcheck disable=SC2046,SC2086 # one argument a word
  [ -z "$named_new" ] || [ $status != 0 ] || apt-mark -q auto $(printf '%s\n' $PW_NEW | sed 's/=.*//') || true
  packages >after
  half_done >half-done
  if [ $status = 0 ] && reboot_wanted; then boot_id >reboot; fi
  [ ! -e reboot ] || trap '' HUP TERM
  leave_result "exit $status"
  [ -e reboot ] || exit 0
  systemctl reboot 2>/dev/null || reboot || shutdown -r now || mv reboot reboot-refused
}

run
