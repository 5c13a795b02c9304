# Keeps the packages that a transaction replaces, so that it can be rolled back when no archive has them any more. What the
# cache of the package manager has is linked before it begins. The rest is fetched when it has ended, which it shall not
# delay: `to-keep` in the journal says what is still to be fetched, so what a run that was killed left is fetched by the next.

KEPT_DAYS=180
KEPT_KIB=2097152
# Left for all else on the file system.
SPARE_KIB=102400
# Less than a run waits for the lock, which zypper holds meanwhile.
KEEP_SECONDS=240

# Public files, which a preview reads that does not run as root.
make_kept() { [ -d "$kept" ] || { mkdir -p "$kept" && chmod 711 /var/lib/patchwarden && chmod 755 "$kept"; }; }

keep_cached() {
  for one in $PW_KEEP; do
    pm_kept_file "$one"
    pm_cached_file "$one"
    [ ! -e "$file" ] && [ -e "$cached" ] && make_kept && ln "$cached" "$file" 2>/dev/null && touch "$file"
  done
}

# At most as much as they take installed: a package is compressed.
room_for() { # ARGUMENT...
  need=$(awk -v wanted=" $*" 'index(wanted, " " $1 "=") || index(wanted, " " $1 ":") || index(wanted, " " $1 "-") || index(wanted, " " $1 ".") { sum += $6 } END { print sum + 0 }' before)
  free=$(df -Pk "$kept" | awk 'NR == 2 { print $4 }')
  [ "$need" -le $KEPT_KIB ] && [ $((need + SPARE_KIB)) -le "$free" ]
}

prune_old() {
  find "$kept" -type f -mtime +$KEPT_DAYS -exec rm -f {} +
  find "$kept" -mindepth 1 -maxdepth 1 -name '.new-*' -mmin +60 -exec rm -rf {} +
  set +f
  while [ "$(du -sk "$kept" | cut -f 1)" -gt $KEPT_KIB ]; do
    # shellcheck disable=SC2012 # we name these ourselves
    oldest=$(ls -tr "$kept" | head -n 1)
    [ -n "$oldest" ] && rm -f "$kept/$oldest" || break
  done
  set -f
}

# Fetches what is owed, of this run and of others. What cannot be had is tried once more, by the next run.
keep_owed() {
  set +f
  lists=
  for list in "$runs"/*/to-keep; do [ ! -s "$list" ] || lists="$lists $list"; done
  set -f
  [ -n "$lists" ] && make_kept || return 0
  wanted=
  # shellcheck disable=SC2086 # one file a word
  for one in $(sort -u $lists); do
    pm_kept_file "$one"
    if [ -e "$file" ]; then touch "$file"; else wanted="$wanted $one"; fi
  done
  # shellcheck disable=SC2086 # one argument a word
  if [ -n "$wanted" ]; then
    umask 022
    if room_for $wanted; then fetch_old $wanted; else echo "W: no room to keep what was replaced:$wanted"; fi
    umask 077
  fi
  missing=
  for one in $wanted; do
    pm_kept_file "$one"
    [ -e "$file" ] || missing="$missing $one"
  done
  [ -z "$missing" ] || echo "W: not kept:$missing"
  for list in $lists; do
    if [ "$list" != "$journal/to-keep" ] || [ -z "$missing" ]; then rm -f "$list"
    else for one in $missing; do echo "$one"; done >to-keep.new && mv to-keep.new to-keep; fi
  done
  prune_old
}

# Whole packages alone come to the others.
fetch_old() { # ARGUMENT...
  place=$(mktemp -d "$kept/.new-XXXXXXXX") && cd "$place" || return 0
  uptime_now
  until=$((uptime + KEEP_SECONDS))
  # Nothing at all is fetched where one of them is gone.
  pm_fetch $KEEP_SECONDS "$@" || for one in "$@"; do
    uptime_now
    [ "$uptime" -ge "$until" ] || pm_fetch $((until - uptime)) "$one"
  done
  set +f
  # They come with the time of their making; kept they are from now on.
  chmod 644 -- * && touch -- * && sync -- * && mv -f -- * "$kept/"
  set -f
  cd "$journal" && rm -rf "$place"
}
