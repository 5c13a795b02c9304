# Asked just before anything is touched, with the lock of the package manager in hand and what it is about to do on
# standard input. Exit status 0: go ahead. Anything that is not in the approved plan is refused here; what of the plan the
# host has done by itself since is not done again.

within() { [ -s actual ] && [ -z "$(comm -23 actual plan)" ]; }

gate() {
  cd "$journal" || exit 1
  pm_actual >actual
  if [ -L decision ] && [ "$(readlink decision)" = committed ]; then
    # The work may be handed over in several portions.
    within
    exit
  fi
  # There may have been a lock to wait for, and packages to fetch.
  if is_over; then
    ln -s over decision
    keep .
    exit 1
  fi
  if ! cmp -s actual plan; then
    within || { ln -s changed decision; exit 1; }
    # From here on the plan is what is left of it: that is what the end is held against.
    cp actual plan.left && keep plan.left && mv plan.left plan
  fi
  if ln -s committed decision 2>/dev/null; then
    keep .
    exit 0
  fi
  [ "$(readlink decision)" = committed ]
  exit
}

gate
