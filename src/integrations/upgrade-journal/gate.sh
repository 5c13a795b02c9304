# The package manager runs this just before it changes anything. It holds its lock, and passes what it will do on
# standard input. Exit status 0: it may go on. Steps outside the approved plan are refused. Steps of the plan that the
# host has already done are not done again.

within() { [ -s actual ] && [ -z "$(comm -23 actual plan)" ]; }

gate() {
  cd "$journal" || exit 1
  pm_actual >actual
  if [ -L decision ] && [ "$(readlink decision)" = committed ]; then
    # The package manager may ask several times, each time for a part of the work.
    within
    exit
  fi
  # The package manager may have waited for a lock and fetched packages.
  if is_over; then
    ln -s over decision
    keep .
    exit 1
  fi
  if ! cmp -s actual plan; then
    within || { ln -s changed decision; exit 1; }
    # From here on, the plan has only the steps that are left. The result is compared with them.
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
