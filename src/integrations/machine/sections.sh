# The output of a script: sections that begin with "@@ name value". Read by sections.ts.

mark() { printf '\n@@ %s\n' "$*"; }

# report NAME COMMAND...: prints the output as section NAME, then the exit status and errors as section NAME-status.
report() {
  mark "$1"
  section=$1
  shift
  { said=$("$@" 2>&1 >&3 3>&-); status=$?; } 3>&1
  mark "$section-status $status"
  printf '%s\n' "$said"
}
