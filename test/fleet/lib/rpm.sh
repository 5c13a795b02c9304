# Hosts that install RPM packages: FLEET_KIND=dnf or zypper. Part of ../fleet.
# The Debian base with Debian's own dnf or zypper on it, an rpm database of its own and a small repository of our
# packages; os-release says that it is of that family.

furnish_rpm() {
  local root=$BASE/root tools=zypper
  need_rpm_tools
  # dnf-plugins-core brings needs-restarting and versionlock, and cannot be beside zypper.
  [ $KIND = zypper ] || tools='dnf dnf-plugins-core'
  # demo-app is a package of rpm's here.
  add_packages 'dpkg --purge demo-app' rpm $tools

  mkdir -p "$root"/etc/{rpm,yum.repos.d,zypp/repos.d} "$root/var/lib/rpm"
  echo '%_dbpath /var/lib/rpm' >"$root/etc/rpm/macros"
  # Trusted as it is: nothing here is about signatures.
  if [ $KIND = dnf ]; then
    printf '[main]\ngpgcheck=0\nkeepcache=0\n' >"$root/etc/dnf/dnf.conf"
    printf '[main]\nenabled=0\n' >"$root/etc/dnf/plugins/local.conf"
  fi
  printf '[fleet]\nname=fleet\nbaseurl=file:///srv/fleet\nenabled=1\ngpgcheck=0\nautorefresh=0\n' |
    tee "$root/etc/yum.repos.d/fleet.repo" >"$root/etc/zypp/repos.d/fleet.repo"
  dress "$root"

  build_rpm "$BASE/fleet" fleet-system 1.0 good
  build_rpm "$BASE/fleet" demo-lib 1.0 good
  build_rpm "$BASE/fleet" demo-app 1.0 good
  chroot "$root" rpm --initdb
  cp "$BASE"/fleet/*.rpm "$root/tmp"
  unshare --mount sh -ec '
    mount -t proc proc "$1/root/proc"
    chroot "$1/root" rpm -i /tmp/fleet-system-1.0-1.noarch.rpm
    chroot "$1/root" rpm -i /tmp/demo-lib-1.0-1.noarch.rpm /tmp/demo-app-1.0-1.noarch.rpm' sh "$BASE" </dev/null >>"$BASE/log" 2>&1 ||
    die "the rpm base cannot install its own packages, see $BASE/log"
  rm -f "$root"/tmp/*.rpm
  build_rpm "$BASE/fleet" demo-lib 2.0 good
  index_rpm "$BASE/fleet"
}

need_rpm_tools() {
  local missing=()
  command -v rpmbuild >/dev/null || missing+=(rpm)
  command -v createrepo_c >/dev/null || missing+=(createrepo-c)
  [ ${#missing[@]} = 0 ] && return
  apt-get update -qq </dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# What the host says it is; and no package manager but one.
dress() { # ROOT
  local root=$1 name
  case $KIND in
    dnf) printf 'NAME="Rocky Linux"\nVERSION_ID="9.4"\nID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.4 (fleet)"\n' ;;
    zypper) printf 'NAME="openSUSE Leap"\nVERSION_ID="15.6"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nPRETTY_NAME="openSUSE Leap 15.6 (fleet)"\n' ;;
  esac >"$root/etc/os-release.new"
  rm -f "$root/etc/os-release"; mv "$root/etc/os-release.new" "$root/etc/os-release"
  mkdir -p "$root/usr/lib/fleet-hidden"
  for name in apt apt-get apt-cache dpkg-query; do mv "$root/usr/bin/$name" "$root/usr/lib/fleet-hidden/"; done
}

# Builds NAME VERSION of KIND into REPO, whose index is then the caller's.
build_rpm() { # REPO NAME VERSION KIND
  local repo=$1 name=$2 version=$3 kind=$4 top pre='' post='' depends='' provides='' files='' conf='greeting=hello' health=ok
  [[ $version =~ ^[0-9][A-Za-z0-9.+~]*$ ]] || die "'$version' is no rpm version"
  top=$(mktemp -d); mkdir -p "$top"/{SPECS,tree/usr/share/fleet}
  echo "$name $version" >"$top/tree/usr/share/fleet/$name"
  case $kind in
    good) ;;
    broken-install) post='echo "demo-app: cannot migrate its data" >&2; exit 1' ;;
    broken-preinst) pre='echo "demo-app: refuses to unpack" >&2; exit 1' ;;
    reboot) post='touch /run/reboot-needed' ;;
    slow) post='sleep "$(cat /etc/fleet/slow 2>/dev/null || echo 20)"' ;;
    unmet) depends='Requires: no-such-package' ;;
    conffile) conf="greeting=hello from $version" ;;
    unhealthy) health=failing ;;
    crash) health=crash ;;
    removes) provides='Obsoletes: demo-old' ;;
    *) rm -rf "$top"; die "there is no rpm of kind '$kind'" ;;
  esac
  case $name in
    fleet-system) provides='Provides: /bin/sh, system-release = 9' ;;
    demo-app)
      mkdir -p "$top"/tree/{opt/demo-app,etc/init.d}
      echo "$version" >"$top/tree/opt/demo-app/version"; echo "$health" >"$top/tree/opt/demo-app/health"
      echo "$conf" >"$top/tree/etc/demo-app.conf"
      install -m 755 "$HERE/demo-app/serve" "$top/tree/opt/demo-app/serve"
      install -m 755 "$HERE/demo-app/init" "$top/tree/etc/init.d/demo-app"
      # As demo-app goes with a version of demo-lib, one change pulls in another.
      depends="$depends
Requires: demo-lib >= $version"
      pre="[ ! -e /etc/fleet/postinst-fails ] || { echo 'demo-app: injected failure' >&2; exit 1; }
$pre"
      post="$post
service demo-app restart >/dev/null 2>&1 || true"
      files='/opt/demo-app
/etc/init.d/demo-app
%config(noreplace) /etc/demo-app.conf' ;;
  esac
  cat >"$top/SPECS/$name.spec" <<SPEC
Name: $name
Version: $version
Release: 1
Summary: a package of the test fleet ($kind)
License: Apache-2.0
Vendor: Test fleet
BuildArch: noarch
AutoReqProv: no
$depends
$provides
%description
A package of the test fleet ($kind).
%install
cp -a $top/tree/. %{buildroot}
${pre:+%pre
$pre}
${post:+%post
$post}
%files
/usr/share/fleet/$name
$files
SPEC
  rpmbuild --quiet -bb --define "_topdir $top" --define "_rpmdir $top/out" --define "_dbpath $top/db" --define '_build_id_links none' \
    "$top/SPECS/$name.spec" >"$top/log" 2>&1 || die "rpmbuild failed for $name $version: $(tail -n 3 "$top/log")"
  mkdir -p "$repo"
  mv "$top"/out/noarch/*.rpm "$repo/"
  rm -rf "$top"
}

# (Re)writes the index of REPO. Every version 2.x is the fix of a security advisory, later ones are of a bugfix.
index_rpm() { # REPO
  local repo=$1 rpm name version type
  createrepo_c --quiet --no-database "$repo" >/dev/null 2>&1 || die 'createrepo_c failed'
  {
    echo '<?xml version="1.0" encoding="UTF-8"?><updates>'
    for rpm in "$repo"/*.rpm; do
      read -r name version < <(rpm -qp --nosignature --qf '%{NAME} %{VERSION}\n' "$rpm")
      case $version in 1.*) continue ;; 2.*) type=security ;; *) type=bugfix ;; esac
      echo "<update from='fleet@example.invalid' status='final' type='$type' version='1'><id>FLEET-2026:${version//./}-$name</id><title>$name $version</title><severity>Important</severity><issued date='2026-11-01 00:00:00'/><references><reference href='https://example.invalid/' id='CVE-2026-0001' type='cve' title='CVE-2026-0001'/></references><description>The fleet makes it $version.</description><pkglist><collection><package name='$name' version='$version' release='1' epoch='0' arch='noarch'><filename>${rpm##*/}</filename></package></collection></pkglist></update>"
    done
    echo '</updates>'
  } >"$repo/updateinfo.xml"
  modifyrepo_c --remove updateinfo "$repo/repodata" >/dev/null 2>&1 || true
  modifyrepo_c "$repo/updateinfo.xml" "$repo/repodata" >/dev/null 2>&1 || die 'modifyrepo_c failed'
  rm -f "$repo/updateinfo.xml"
}

publish_rpm() { # REPO VERSION KIND
  build_rpm "$1" demo-lib "$2" good
  build_rpm "$1" demo-app "$2" "$3"
  [ "$3" != removes ] || build_rpm "$1" demo-old 1.0 good
  index_rpm "$1"
}
