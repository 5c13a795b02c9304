# The functions that dnf and zypper share on a host: the database of rpm. package-manager.ts describes each function.

pm_database=/var/lib/rpm

# The login may run only sh with sudo. So the command runs through sh.
rpm_as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n sh -c '"$@"' sh "$@"; fi; }

pm_packages() {
  rpm -qa --qf '%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{SIZE}\n' |
    awk '$1 != "gpg-pubkey" { sub(/^0:/, "", $3); print $1, $2, $3, "installed ok", int($4 / 1024) }'
}

# An interrupted upgrade leaves the old version beside the new one. Kernels and keys may have several versions.
pm_half_done() {
  awk '{ print $1 "." $2 }' | sort | uniq -d | while read -r twice; do
    case $twice in gpg-pubkey.* | kernel*) continue ;; esac
    rpm -q --provides "$twice" | grep -qE '^(installonlypkg|multiversion)\(' || echo "$twice is installed in two versions"
  done
}

rpm_kernel_comes() { grep -qE '^I kernel(-core|-default|-rt-core|-uek-core|-uek)? ' plan; }

# When a version becomes older, prints the kept package in place of the argument: the archive may no longer have it.
rpm_kept_or_named() { # ARGUMENTS
  for one in $1; do
    pm_kept_file "$one"
    if [ -n "$PW_OLDER" ] && [ -e "$file" ]; then printf '%s ' "$file"; else printf '%s ' "$one"; fi
  done
}

# Prints the arguments whose package is installed.
rpm_installed_of() { # ARGUMENTS
  installed=" $(rpm -qa --qf '%{NAME}.%{ARCH} ') "
  for one in $1; do
    case $installed in *" $(rpm_package_of "$one") "*) printf '%s ' "$one" ;; esac
  done
}
