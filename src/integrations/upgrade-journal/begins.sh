# Decides whether an upgrade may begin. This is decided once, by a link `decision` in the journal: committed, or why it
# must never begin (cancelled, changed, lost, over).
# Set by the caller: PW_NOT_AFTER, in seconds since 1970. From then on nothing begins. Empty: no end.

# Two clocks are compared, and each of them can end the time. The host's clock counts because the script may have waited
# on its way, in a queue or for a lock. Patchwarden's clock counts because the host's may be slow: `not-after` has a
# boot id and the uptime at which the seconds that were left are over. So a wrong clock can only prevent an upgrade,
# never let it begin too late.
is_over() {
  [ -n "$PW_NOT_AFTER" ] || return 1
  [ "$(date +%s)" -lt "$PW_NOT_AFTER" ] || return 0
  [ -r "$journal/not-after" ] || return 1
  read -r boot until <"$journal/not-after"
  uptime_now
  boot_id_now
  [ "$boot" = "$boot_id" ] && [ "$uptime" -ge "$until" ]
}

# Makes sure that an upgrade which has not begun never begins. An upgrade that has begun goes on.
stop_before_it_begins() { # WHY
  umask 077
  if [ ! -e "$journal" ]; then
    mkdir -p "$runs"
    new=$(mktemp -d "$runs/.new-XXXXXXXX") && ln -s "$1" "$new/decision" && { mv -T "$new" "$journal" 2>/dev/null || rm -rf "$new"; }
  fi
  [ -e "$journal/result" ] || ln -s "$1" "$journal/decision" 2>/dev/null
  keep "$journal"
}
