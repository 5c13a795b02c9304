# Asked just before anything is touched, with the lock of the package manager in hand and what it is about to do on
# standard input. Exit status 0: go ahead. Anything else than the approved plan is refused here.

gate() {
  cd "$journal" || exit 1
  pm_actual >actual
  if [ -L decision ] && [ "$(readlink decision)" = committed ]; then
    # The work may be handed over in several portions.
    [ -s actual ] && [ -z "$(comm -23 actual plan)" ]
    exit
  fi
  # There may have been a lock to wait for, and packages to fetch.
  if is_over; then
    ln -s over decision
    keep .
    exit 1
  fi
  cmp -s actual plan || { ln -s changed decision; exit 1; }
  ln -s committed decision 2>/dev/null
  keep .
  [ "$(readlink decision)" = committed ]
  exit
}

gate
