# Says how far an upgrade has come.
# Set by the caller, beside PW_KEY: PW_STOP, empty, or why what has not begun never shall: cancelled, lost; PW_ATTACH, yes:
# stay until its end.

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

follow() {
  if [ -n "$PW_STOP" ]; then stop_before_it_begins "$PW_STOP"
  # Whoever started it saw it begin before going on. If it has not, the connection was lost on the way.
  elif [ ! -d "$journal/running" ]; then stop_before_it_begins lost; fi
  tell
  if [ "$PW_ATTACH" = yes ] && [ ! -e "$journal/result" ] && alive; then attend; fi
}

follow </dev/null
