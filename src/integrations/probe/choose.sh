# Which package manager is the machine's own: os-release says its family; a machine may have the programs of another, too.

family_of_machine() {
  cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
}

choose_probe() {
  case " $(family_of_machine | sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' | tr -d "\"'" | tr '\n' ' ') " in
    *debian* | *ubuntu*) probe_with_apt ;;
    *suse* | *sles*) PW_MANAGER=zypper probe_with_rpm ;;
    *rhel* | *fedora* | *centos* | *rocky* | *almalinux* | *' ol '* | *amzn*) PW_MANAGER=dnf probe_with_rpm ;;
    *) probe_with_apt ;;
  esac
}

choose_probe
