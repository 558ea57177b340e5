#!/bin/sh
# The far ends of the cables: interfaces with a hardware address 52:54:00:00:01:NN get the name farN in the namespace
# `far`. The gateway's own, 52:54:00:00:00:NN, stay as they are: eth0, eth1, ...
modprobe -q virtio_net || true
for address in /sys/class/net/*/address; do
  grep -q '^52:54:00:00:01:' "$address" || continue
  [ -e /run/netns/far ] || ip netns add far
  interface="$(basename "$(dirname "$address")")"
  number=$(($(sed 's/.*:/0x/' "$address")))
  ip link set "$interface" name "far$number"
  ip link set "far$number" netns far
done
