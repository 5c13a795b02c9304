# Chooses the probe of the machine's family from os-release. A machine may also have programs of another family.

choose_probe() {
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
  export PATH LC_ALL
  unset LANGUAGE
  case " $(os_release | sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' | tr -d "\"'" | tr '\n' ' ') " in
    *debian* | *ubuntu*) probe_with_apt ;;
    *suse* | *sles*) PW_MANAGER=zypper probe_with_rpm ;;
    *rhel* | *fedora* | *centos* | *rocky* | *almalinux* | *' ol '* | *amzn*) PW_MANAGER=dnf probe_with_rpm ;;
    *) probe_with_apt ;;
  esac
}

choose_probe </dev/null
