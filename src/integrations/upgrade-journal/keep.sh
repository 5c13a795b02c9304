# Keeps the packages that a transaction replaces, so that a rollback is possible when no archive has them any more.
# Packages in the package manager's cache are linked before the transaction. The others are fetched after it, so that
# they do not delay it. `to-keep` in the journal lists the packages to fetch. If a run is killed, the next run fetches
# them.

KEPT_DAYS=180
KEPT_KIB=2097152
# Must remain free for everything else on the file system.
SPARE_KIB=102400
# Shorter than the time that a run waits for the lock, because zypper holds it meanwhile.
KEEP_SECONDS=240

# The files are public, because a preview reads them, and it does not run as root.
make_kept() { [ -d "$kept" ] || { mkdir -p "$kept" && chmod 711 /var/lib/patchwarden && chmod 755 "$kept"; }; }

keep_cached() {
  for one in $PW_KEEP; do
    pm_kept_file "$one"
    pm_cached_file "$one"
    [ ! -e "$file" ] && [ -e "$cached" ] && make_kept && ln "$cached" "$file" 2>/dev/null && touch "$file"
  done
}

# Checks whether there is room. A package is compressed, so it needs at most its installed size.
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

# Fetches the packages that this run and others still have to keep. A package that cannot be fetched is tried once more,
# by the next run.
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

# Fetches into a new folder, so that only complete packages get to the others.
fetch_old() { # ARGUMENT...
  place=$(mktemp -d "$kept/.new-XXXXXXXX") && cd "$place" || return 0
  uptime_now
  until=$((uptime + KEEP_SECONDS))
  # When one package is gone, the package manager fetches none. Then they are fetched one by one.
  pm_fetch $KEEP_SECONDS "$@" || for one in "$@"; do
    uptime_now
    [ "$uptime" -ge "$until" ] || pm_fetch $((until - uptime)) "$one"
  done
  set +f
  # The files have the time when they were built. Their age must count from now on.
  chmod 644 -- * && touch -- * && sync -- * && mv -f -- * "$kept/"
  set -f
  cd "$journal" && rm -rf "$place"
}
