# Looks at one machine that installs RPM packages with dnf or zypper. Changes nothing, except with PW_REFRESH: then it
# refreshes the package lists first. PW_MANAGER: dnf or zypper. PW_INSTALLED: leaves out pending updates. PW_RPM_QUERY:
# the query of the rpm database. dnf_plugin comes before it. Read by probe.ts; when "@@ end" is missing, the output was
# cut off.

# If the login may run anything with sudo, it is sh. So the command runs through sh.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n sh -c '"$@"' sh "$@"; fi; }

may_be_root() { as_root true 2>/dev/null; }

refresh() {
  case $PW_MANAGER in
    dnf) as_root dnf -q makecache --refresh ;;
    zypper) as_root zypper --quiet --non-interactive refresh ;;
  esac
}

# The Python that dnf runs with, from the first line of dnf. dnf 5 has none.
dnf_python() { sed -n '1s/^#! *\([^ ]*python[^ ]*\).*/\1/p' "$(command -v dnf)" 2>/dev/null; }

# Reports all newer versions. If root may be asked, also what an upgrade would do: without root, dnf makes no plan.
dnf_pending() {
  place=$(mktemp -d) || return 1
  chmod 755 "$place"
  dnf_plugin >"$place/patchwarden.py"
  plugins=$("$(dnf_python)" -c 'import dnf.const; print(dnf.const.PLUGINPATH)')
  if may_be_root; then
    as_root env LC_ALL=C PYTHONDONTWRITEBYTECODE=1 PATCHWARDEN_NEWER=1 dnf -q -C --setopt=pluginpath="$plugins,$place" --assumeno upgrade
  else
    PYTHONDONTWRITEBYTECODE=1 PATCHWARDEN_NEWER=1 dnf -q -C --setopt=pluginpath="$plugins,$place" check-update
  fi
  status=$?
  rm -rf "$place"
  return $status
}

zypper_reads() { zypper --non-interactive --no-refresh --xmlout "$@"; }

# As root, zypper would fetch and write unknown package lists. So it is asked only where there are package lists.
zypper_plan() {
  find /var/cache/zypp/raw -name repomd.xml 2>/dev/null | grep -q . || { echo 'error: no repository was ever refreshed there' >&2; return 6; }
  as_root env LC_ALL=C ZYPP_READONLY_HACK=1 zypper --non-interactive --no-refresh --xmlout update --dry-run
}

# The packages of each needed security patch, from the lines "Conflicts : name < version" in its information.
zypper_conflicts() {
  patches=$(zypper_reads list-patches --category security | tr '<' '\n' | sed -n 's/^update kind="patch" name="\([A-Za-z0-9:._-]*\)".* status="needed".*/\1/p')
  # shellcheck disable=SC2086 # one argument a name
  [ -z "$patches" ] || zypper_reads info -t patch --conflicts $patches
}

reboot_required() {
  for flag in /run/reboot-needed /run/reboot-required /var/run/reboot-required; do
    [ ! -e "$flag" ] || { echo required; return 0; }
  done
  case $PW_MANAGER in
    dnf) if dnf -q -C needs-restarting -r 2>/dev/null | grep -q '^Reboot is required'; then echo required; fi ;;
    zypper)
      zypper needs-rebooting >/dev/null 2>&1
      [ $? != 102 ] || echo required
      ;;
  esac
}

# Seconds since the package lists were last refreshed.
lists_age() {
  newest=$(stat -c %Y /var/cache/dnf/*/repodata/repomd.xml /var/cache/zypp/solv/*/cookie 2>/dev/null | sort -n | tail -n 1)
  [ -z "$newest" ] || mark "lists-age $(($(date +%s) - newest))"
}

# The enabled repositories: name in brackets, address, title. Their files are readable without root, unlike what dnf knows
# of subscriptions. What is not said to be off is on, as for dnf.
repositories() {
  cat /etc/yum.repos.d/*.repo /etc/zypp/repos.d/*.repo 2>/dev/null | awk '
    function told() { if (id != "" && on) print id "\t" url "\t" title }
    /^[ \t]*\[/ { told(); id = $0; sub(/^[ \t]*\[/, "", id); sub(/\].*/, "", id); on = 1; url = title = ""; next }
    { value = $0; sub(/^[^=]*=[ \t]*/, "", value) }
    /^enabled[ \t]*=/ { on = value !~ /^(0|no|false|off)[ \t\r]*$/ }
    /^baseurl[ \t]*=/ { url = value }
    /^name[ \t]*=/ { title = value }
    END { told() }'
  for given in /etc/dnf/vars/releasever /etc/yum/vars/releasever; do
    [ ! -r "$given" ] || printf 'releasever\t%s\n' "$(head -n 1 "$given")"
  done
}

pending() {
  case $PW_MANAGER in
    dnf) report dnf dnf_pending ;;
    zypper)
      report updates zypper_reads list-updates --all
      report plan zypper_plan
      report conflicts zypper_conflicts
      report locks zypper_reads locks
      ;;
  esac
}

look() {
  mark 'patchwarden-rpm 1'
  mark 'os-release'
  os_release
  mark "manager $PW_MANAGER"
  mark 'repositories'
  repositories
  if ! command -v rpm >/dev/null || ! command -v "$PW_MANAGER" >/dev/null || { [ "$PW_MANAGER" = dnf ] && [ -z "$(dnf_python)" ]; }; then
    mark 'no-manager'
    mark 'end'
    return 0
  fi
  mark_value kernel osrelease
  mark_value boot-id random/boot_id
  [ -n "${PW_INSTALLED:-}" ] || identity
  mark_machine
  [ -z "${PW_REFRESH:-}" ] || report refresh refresh
  [ -n "${PW_INSTALLED:-}" ] || lists_age
  report rpm sh -c "$PW_RPM_QUERY"
  [ -n "${PW_INSTALLED:-}" ] || pending
  mark 'reboot'
  reboot_required
  mark 'stale'
  look_for_stale 2>/dev/null
  mark 'end'
}

look
