# Reports how far an upgrade has come.
# Set by the caller, beside PW_KEY: PW_STOP, why an upgrade that has not begun must never begin (cancelled, lost), or
# empty; PW_ATTACH, yes: stay until its end.

follow() {
  if [ -n "$PW_STOP" ]; then stop_before_it_begins "$PW_STOP"
  # A start waits until its upgrade has begun. If it has not begun, the connection was lost before.
  elif [ ! -d "$journal/running" ]; then stop_before_it_begins lost; fi
  tell
  if [ "$PW_ATTACH" = yes ] && [ ! -e "$journal/result" ] && alive; then attend; fi
}

follow </dev/null
