# apt asks this just before dpkg begins, with the lock of dpkg in hand and the exact list of what it is about to do
# (DPkg::Pre-Install-Pkgs, version 3). Exit status 0: go ahead. Anything else than the approved plan is refused here.

gate() {
  cd "$journal" || exit 1
  awk '
    body && NF >= 9 { if ($9 == "**REMOVE**") print "R", $1; else print "I", $1, $7, $6 }
    /^$/ { body = 1 }' | sort -u >actual
  if [ "$(readlink decision)" = committed ]; then
    # apt may hand dpkg its work in several portions
    [ -s actual ] && [ -z "$(comm -23 actual plan)" ]
    exit
  fi
  cmp -s actual plan || { ln -s changed decision; exit 1; }
  ln -s committed decision 2>/dev/null
  keep .
  [ "$(readlink decision)" = committed ]
  exit
}

gate
