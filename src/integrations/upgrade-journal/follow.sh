# Says how far an upgrade has come.
# Set by the caller, beside PW_KEY: PW_STOP, empty, or why what has not begun never shall: cancelled, lost; PW_ATTACH, yes:
# stay until its end.

follow() {
  if [ -n "$PW_STOP" ]; then stop_before_it_begins "$PW_STOP"
  # Whoever started it saw it begin before going on. If it has not, the connection was lost on the way.
  elif [ ! -d "$journal/running" ]; then stop_before_it_begins lost; fi
  tell
  if [ "$PW_ATTACH" = yes ] && [ ! -e "$journal/result" ] && alive; then attend; fi
}

follow </dev/null
