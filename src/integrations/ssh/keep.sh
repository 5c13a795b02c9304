# Keeps the packages that a transaction replaces, so that it can be rolled back when no archive has them any more.

KEPT_DAYS=180
KEPT_KIB=2097152
# Left for all else on the file system.
SPARE_KIB=102400

# At most as much as they take installed: a package is compressed.
room_for_old() {
  need=$(pm_installed_sizes | awk -v wanted=" $PW_KEEP" 'index(wanted, " " $1 "=") || index(wanted, " " $1 ":") { sum += $2 } END { print sum + 0 }')
  free=$(df -Pk "$kept" | awk 'NR == 2 { print $4 }')
  [ "$need" -le $KEPT_KIB ] && [ $((need + SPARE_KIB)) -le "$free" ]
}

prune_old() {
  find "$kept" -type f -mtime +$KEPT_DAYS -exec rm -f {} +
  set +f
  while [ "$(du -sk "$kept" | cut -f 1)" -gt $KEPT_KIB ]; do
    # shellcheck disable=SC2012 # we name these ourselves
    oldest=$(ls -tr "$kept" | head -n 1)
    [ -n "$oldest" ] && rm -f "$kept/$oldest" || break
  done
  set -f
}

keep_old() {
  [ -n "$PW_KEEP" ] || return 0
  # Public files, which a preview reads that does not run as root.
  mkdir -p "$kept" && chmod 711 /var/lib/patchwarden && chmod 755 "$kept" || return 0
  if room_for_old; then pm_keep_old; else echo "W: no room to keep what is replaced: $PW_KEEP"; fi
  prune_old
}
