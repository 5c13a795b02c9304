# The signed package repositories, and demo-app, the package whose upgrades fail in chosen ways. Part of ../fleet.
# Debian's packages ($BASE/debian) are shared by all fleets; demo-app's versions ($DIR/repo) are a fleet's own.

ARCH=$(dpkg --print-architecture 2>/dev/null || echo amd64)

gpg_fleet() { gpg --homedir "$CACHE/gnupg" --batch --quiet "$@" 2>/dev/null; }

signing_key() {
  [ -d "$CACHE/gnupg" ] && return
  mkdir -p -m 700 "$CACHE/gnupg.new"
  gpg --homedir "$CACHE/gnupg.new" --batch --quiet --passphrase '' --quick-gen-key 'Test fleet <fleet@example.invalid>' ed25519 sign never 2>/dev/null
  gpgconf --homedir "$CACHE/gnupg.new" --kill all || true
  mv "$CACHE/gnupg.new" "$CACHE/gnupg"
}

# (Re)writes dists/CODENAME of REPO from pool/CODENAME, signed as a real archive is.
index() { # REPO CODENAME SUITE LABEL
  local repo=$1 codename=$2 suite=$3 label=$4 dist f release
  dist=$repo/dists/$codename
  mkdir -p "$dist/main/binary-$ARCH" "$repo/pool/$codename"
  (cd "$repo" && dpkg-scanpackages -m "pool/$codename" 2>/dev/null) >"$dist/Packages.new"
  mv "$dist/Packages.new" "$dist/main/binary-$ARCH/Packages"
  gzip -9nc "$dist/main/binary-$ARCH/Packages" >"$dist/main/binary-$ARCH/Packages.gz"
  release=$(mktemp)
  {
    printf 'Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\nDate: %s\n' "${label%%-*}" "$label" "$suite" "$codename" "$(LC_ALL=C date -Ru)"
    printf 'Architectures: %s\nComponents: main\nSHA256:\n' "$ARCH"
    for f in "main/binary-$ARCH"/Packages{,.gz}; do
      printf ' %s %s %s\n' "$(sha256sum <"$dist/$f" | cut -d' ' -f1)" "$(stat -c %s "$dist/$f")" "$f"
    done
  } >"$release"
  lock_cache       # one gpg-agent serves all fleets
  gpg_fleet --yes --clearsign -o "$dist/InRelease.new" "$release" || die 'gpg could not sign the repository'
  gpgconf --homedir "$CACHE/gnupg" --kill all || true
  unlock_cache
  mv "$dist/InRelease.new" "$dist/InRelease"; chmod 644 "$dist/InRelease"; rm -f "$release"
}

# Builds demo-app VERSION of KIND into REPO, whose index is then the caller's.
build_demo_app() { # REPO VERSION KIND
  local repo=$1 version=$2 kind=$3 p post='' pre='' depends=perl-base conf='greeting=hello'
  [[ $version =~ ^[0-9][A-Za-z0-9.+~-]*$ ]] || die "'$version' is no Debian version"
  p=$(mktemp -d); mkdir -p "$p"/{DEBIAN,opt/demo-app,etc/init.d}; chmod 755 "$p"
  echo ok >"$p/opt/demo-app/health"
  case $kind in
    good) ;;
    broken-install) post='echo "demo-app: cannot migrate its data" >&2; exit 1' ;;
    broken-preinst) pre='echo "demo-app: refuses to unpack" >&2; exit 1' ;;
    unhealthy) echo failing >"$p/opt/demo-app/health" ;;
    crash) echo crash >"$p/opt/demo-app/health" ;;
    reboot) post='touch /run/reboot-required; echo demo-app >>/run/reboot-required.pkgs' ;;
    slow) post='sleep "$(cat /etc/fleet/slow 2>/dev/null || echo 20)"' ;;
    conffile) conf="greeting=hello from $version" ;;      # asks about /etc/demo-app.conf where it was edited
    unmet) depends='perl-base, no-such-package (>= 1)' ;; # kept back by upgrade, refused by install
    big) head -c 60000000 /dev/urandom >"$p/opt/demo-app/data" ;;
    *) rm -rf "$p"; die "unknown kind '$kind'; 'fleet help' lists them" ;;
  esac
  echo "$version" >"$p/opt/demo-app/version"
  echo "$conf" >"$p/etc/demo-app.conf"; echo /etc/demo-app.conf >"$p/DEBIAN/conffiles"
  install -m 755 "$HERE/demo-app/serve" "$p/opt/demo-app/serve"
  install -m 755 "$HERE/demo-app/init" "$p/etc/init.d/demo-app"
  printf 'Package: demo-app\nVersion: %s\nArchitecture: all\nMaintainer: Test fleet <fleet@example.invalid>\nDepends: %s\nSection: misc\nPriority: optional\nDescription: a service whose upgrade can be made to fail (%s)\n' \
    "$version" "$depends" "$kind" >"$p/DEBIAN/control"
  printf '#!/bin/sh\nset -e\n%s\n' "$pre" >"$p/DEBIAN/preinst"
  # /etc/fleet/postinst-fails makes any version fail on that one host
  printf '#!/bin/sh\nset -e\n[ ! -e /etc/fleet/postinst-fails ] || { echo "demo-app: injected failure" >&2; exit 1; }\n%s\n[ "$1" != configure ] || invoke-rc.d demo-app restart || true\n' \
    "$post" >"$p/DEBIAN/postinst"
  chmod 755 "$p"/DEBIAN/{preinst,postinst}
  mkdir -p "$repo/pool/fleet"
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$p" "$repo/pool/fleet/demo-app_${version}_all.deb" >/dev/null
  rm -rf "$p"
}

publish() { # REPO VERSION KIND
  [ -d "$CACHE/gnupg" ] || die "no base yet; run 'fleet up N' first"
  build_demo_app "$@"
  index "$1" fleet fleet Fleet
}
