# A command of Systems Manager runs this around the scripts of the SSH engine. It waits for a while for the end of the
# upgrade, then prints a short enough answer. Systems Manager keeps only 24,000 characters of a command's output. The
# last word of the packed answer shows that the answer is complete. Read by answer.ts. Set by the caller: PW_BEGIN (a
# script that begins something, or nothing), PW_LOOK (a script that looks), PW_ATTEND (seconds to wait for a running
# upgrade).

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL

shortened() { # LINES of the log to keep
  awk -v keep="$1" '
    function flush(  i) {
      for (i = n > keep ? n - keep : 0; i < n; i++) print log_[i]
      n = 0
    }
    /^@@ / { flush(); section = $2; print; next }
    section == "log" { log_[n++] = $0; next }
    section == "installed-sizes" && !($1 in wanted) { next }
    /^Inst / { name = $2; sub(/:.*/, "", name); wanted[name] = 1 }
    { print }
    END { flush() }'
}

attend() {
  begun=
  [ -z "$PW_BEGIN" ] || begun=$(printf '%s\n' "$PW_BEGIN" | sh)
  until=$(($(date +%s) + PW_ATTEND))
  answer=$(printf '%s\n' "$PW_LOOK" | sh)
  while printf '%s\n' "$answer" | grep -q '^@@ alive' && [ "$(date +%s)" -lt "$until" ]; do
    sleep 2
    answer=$(printf '%s\n' "$PW_LOOK" | sh)
  done
  for lines in 1000 200 40 0; do
    packed=$(printf '%s\n%s\n' "$begun" "$answer" | shortened "$lines" | gzip -9 | base64 | tr -d '\n')
    [ ${#packed} -gt 23000 ] || break
  done
  printf 'patchwarden-answer %s end\n' "$packed"
}

attend </dev/null
