#!/bin/sh
# What examples/campus.yaml is plugged into: the provider's router, in the namespace `outside`, with a server
# behind it, and the campus in `inside`. Each has two cables to the gateway in a static port group, as on a switch.
set -e

# port_group NAMESPACE CABLE CABLE
port_group() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip -n "$1" link add trunk type bond mode balance-rr miimon 200
  for cable in "$2" "$3"; do
    ip -n far link set "$cable" netns "$1"
    ip -n "$1" link set "$cable" master trunk
  done
  ip -n "$1" link set trunk up
}

port_group outside far0 far1
ip -n outside address add 61.138.177.1/27 dev trunk
ip -n outside address add 203.0.113.10/32 dev lo

port_group inside far2 far3
ip -n inside address add 10.10.1.5/16 dev trunk
ip -n inside route add default via 10.10.0.1
