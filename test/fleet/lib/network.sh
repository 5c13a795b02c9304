# The fleet's bridge and each host's link to it. Part of ../fleet.
# Traffic cannot leave the machine: hosts have no default route, the bridge forwards nothing, and were the
# bridge gone, an unreachable route refuses what would otherwise leave by the machine's own default route.

net_up() {
  local other
  ip route replace unreachable "$NET.0/24" metric 4096
  [ -e "/sys/class/net/$BRIDGE" ] && return
  other=$(ip -o -4 addr show to "$NET.0/24" | awk '{print $2; exit}')
  [ -z "$other" ] || die "$NET.0/24 is taken by $other; set FLEET_NET"
  ip link add "$BRIDGE" type bridge
  echo 0 >"/proc/sys/net/ipv4/conf/$BRIDGE/forwarding"
  echo 1 >"/proc/sys/net/ipv6/conf/$BRIDGE/disable_ipv6" 2>/dev/null || true
  ip addr add "$NET.1/24" dev "$BRIDGE"; ip link set "$BRIDGE" up
}

net_down() { [ ! -e "/sys/class/net/$BRIDGE" ] || ip link del "$BRIDGE"; } # the unreachable route stays, on purpose, until destroy

host_net_up() { # NUMBER
  local n=$1 ns; ns=$NAME-$(host_name "$n")
  [ -e "/run/netns/$ns" ] && [ -e "/sys/class/net/$NAME-v$n" ] && return
  host_net_down "$n"
  ip netns add "$ns"
  ip netns exec "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6' 2>/dev/null || true
  ip -batch - <<IP
link add name $NAME-v$n type veth peer name eth0 netns $ns
link set dev $NAME-v$n master $BRIDGE
link set dev $NAME-v$n up
IP
  ip -n "$ns" -batch - <<IP
addr add $(address "$n")/24 dev eth0
link set dev eth0 up
link set dev lo up
IP
}

host_net_down() { # NUMBER
  local ns; ns=$NAME-$(host_name "$1")
  [ ! -e "/sys/class/net/$NAME-v$1" ] || ip link del dev "$NAME-v$1"
  [ ! -e "/run/netns/$ns" ] || ip netns del "$ns"
}

net_heal() { # NUMBER
  ip link set dev "$NAME-v$1" up 2>/dev/null || true
  bridge link set dev "$NAME-v$1" state 3 2>/dev/null || true
  tc qdisc del dev "$NAME-v$1" root 2>/dev/null || true
  ip netns exec "$NAME-$(host_name "$1")" tc qdisc del dev eth0 root 2>/dev/null || true
}
