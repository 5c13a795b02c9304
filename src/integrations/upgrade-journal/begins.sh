# Whether an upgrade may begin. It is decided once, by a link `decision` in the journal: committed, or why it never shall
# (cancelled, changed, lost, over).
# Set by the caller: PW_NOT_AFTER, the second of the epoch from which on nothing begins; empty: there is no end.

# Two clocks are asked, and either can end it. The host's own, because how long a script was under way is not known: it may
# have waited in a queue, or for a lock. And Patchwarden's, by the seconds that were left when the script came (`not-after`:
# boot id, and the uptime at which they are over), because the host's may be slow. A clock that is wrong either way then makes
# it begin nothing, and never too late.
is_over() {
  [ -n "$PW_NOT_AFTER" ] || return 1
  [ "$(date +%s)" -lt "$PW_NOT_AFTER" ] || return 0
  [ -r "$journal/not-after" ] || return 1
  read -r boot until <"$journal/not-after"
  uptime_now
  boot_id_now
  [ "$boot" = "$boot_id" ] && [ "$uptime" -ge "$until" ]
}

# Decides for an upgrade that has not begun that it never does. One that has begun goes on.
stop_before_it_begins() { # WHY
  umask 077
  if [ ! -e "$journal" ]; then
    mkdir -p "$runs"
    new=$(mktemp -d "$runs/.new-XXXXXXXX") && ln -s "$1" "$new/decision" && { mv -T "$new" "$journal" 2>/dev/null || rm -rf "$new"; }
  fi
  [ -e "$journal/result" ] || ln -s "$1" "$journal/decision" 2>/dev/null
  keep "$journal"
}
