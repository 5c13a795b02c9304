# Reports how far an upgrade has come: once, or until its end. Read by follow.ts.
# Set by the caller: PW_LOOK, a script that looks at the installed packages after the end; empty: no look.

alive() {
  [ -e "$journal/running/processes" ] || return 1
  while read -r pid started; do
    start_time_of "$pid"
    [ -z "$started" ] || [ "$start_time" != "$started" ] || return 0
  done <"$journal/running/processes"
  return 1
}

tell() {
  mark 'patchwarden-follow 1'
  if [ ! -e "$journal" ]; then
    mark 'no-journal'
    mark 'end'
    return 0
  fi
  cd "$journal" || return 1
  mark_file asset asset
  mark_file boot-id /proc/sys/kernel/random/boot_id
  mark_file run-boot-id running/boot-id
  # Checked before the result is read: a run that has ended has written its result.
  living=
  if alive; then living=yes; fi
  result=
  [ ! -e result ] || read -r result <result
  mark "result $result"
  if [ -n "$living" ] && [ -z "$result" ]; then
    mark 'alive yes'
    began=
    [ ! -e running/began ] || read -r began <running/began
    uptime_now
    mark "age $((uptime - ${began:-$uptime}))"
    mark "counts $(pm_counts 2>/dev/null)"
  fi
  mark_decision
  mark_file reboot reboot
  [ ! -e reboot-refused ] || mark 'reboot-refused yes'
  mark_file lock-holder running/lock-holder
  if [ -n "$result" ] || [ -z "$living" ]; then tell_all; else tell_files plan plan; fi
  mark 'end'
}

mark_decision() {
  decision=
  [ ! -L decision ] || decision=$(readlink decision)
  mark "decision $decision"
}

tell_all() {
  # A killed run has not written `after`.
  [ -e after ] || [ ! -e before ] || pm_packages >after
  if [ -n "$result" ]; then left=half-done; else left=; fi
  if [ -e actual ]; then planned=actual; else planned=planned; fi
  tail -c 200000 log 2>/dev/null |
    tell_files plan plan planned $planned log - services services half-done "$left" before before after after
  [ -n "$result" ] || { mark 'half-done'; pm_packages | pm_half_done; }
  [ -z "$PW_LOOK" ] || reboots_now || (set +f && cd / && eval "$PW_LOOK") </dev/null
}

reboots_now() {
  [ -e reboot ] || return 1
  read -r asked <reboot
  boot_id_now
  [ "$asked" = "$boot_id" ]
}

# tell_files NAME FILE...: prints each file (-: standard input) as a section with that name. From before and after it
# prints the lines that are gone and those that have come.
tell_files() {
  files=
  while [ $# -gt 1 ]; do
    if [ "$2" = - ] || [ -r "$2" ]; then files="$files name=$1 $2"; fi
    shift 2
  done
  # shellcheck disable=SC2086 # one file a word
  [ -z "$files" ] || awk '
    FNR == 1 && name != "before" && name != "after" { print "\n@@ " name }
    name == "before" { was[++n] = $0; gone[$0]; next }
    name == "after" { if ($0 in gone) delete gone[$0]; else come[++m] = $0; next }
    { sub(/^@@/, " @@"); print }
    END {
      print "\n@@ gone"; for (i = 1; i <= n; i++) if (was[i] in gone) print was[i]
      print "\n@@ come"; for (i = 1; i <= m; i++) print come[i]
    }' $files
}

# Reports the end as soon as it comes. Until then it reports from time to time, so that people see the progress and a
# lost connection is noticed.
attend() {
  pause=10
  while [ ! -e "$journal/result" ] && alive; do
    timeout $pause cat "$journal/ended" 2>/dev/null
    case $? in 0 | 124) ;; *) [ -e "$journal/result" ] || sleep 1 ;; esac
    [ ! -e "$journal/result" ] || break
    [ $pause -ge 20 ] || pause=$((pause * 2))
    tell
  done
  tell
}
