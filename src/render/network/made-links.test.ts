import assert from "node:assert/strict";
import { test } from "node:test";
import { madeLinks } from "../../../test/fixtures/made-links.ts";
import { writeIfcfg } from "./ifcfg.ts";
import { writeIfupdown } from "./ifupdown.ts";
import { writeNetworkd } from "./networkd.ts";

// Bonds, VLANs, MTU, static routes and aliases; test/vm/network-files.test.ts has the programs themselves read them.

test("bonds and VLANs for systemd-networkd", () => {
  assert.equal(
    writeNetworkd(madeLinks()),
    `# /etc/systemd/network/40-eth0.network
[Match]
Name=eth0

[Network]
Bond=bond0

# /etc/systemd/network/40-eth1.network
[Match]
Name=eth1

[Network]
Bond=bond0

# /etc/systemd/network/50-wan.netdev
[NetDev]
Name=bond0
Kind=bond

[Bond]
Mode=balance-rr
MIIMonitorSec=200ms

# /etc/systemd/network/50-wan.network
[Match]
Name=bond0

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=61.138.177.2/27
Address=61.138.177.3/27
Address=61.138.177.4/27

[Route]
Gateway=61.138.177.1

# /etc/systemd/network/40-eth2.network
[Match]
Name=eth2

[Network]
Bond=bond1

# /etc/systemd/network/40-eth3.network
[Match]
Name=eth3

[Network]
Bond=bond1
PrimarySlave=yes

# /etc/systemd/network/50-lan.netdev
[NetDev]
Name=bond1
Kind=bond

[Bond]
Mode=active-backup
MIIMonitorSec=100ms
UpDelaySec=400ms
MinLinks=1

# /etc/systemd/network/50-lan.network
[Match]
Name=bond1

[Link]
MTUBytes=9000

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
VLAN=bond1.100
Address=10.10.0.1/16

[Route]
Destination=10.50.0.0/16
Gateway=10.10.0.254

[Route]
Destination=10.50.0.0/16
Gateway=10.10.0.253
Metric=100

[Route]
Destination=10.51.0.0/16

# /etc/systemd/network/50-staff.netdev
[NetDev]
Name=bond1.100
Kind=vlan

[VLAN]
Id=100

# /etc/systemd/network/50-staff.network
[Match]
Name=bond1.100

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=10.20.0.1/24

# /etc/systemd/network/40-eth4.network
[Match]
Name=eth4

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
VLAN=guests7

# /etc/systemd/network/50-guests.netdev
[NetDev]
Name=guests7
Kind=vlan

[VLAN]
Id=7

# /etc/systemd/network/50-guests.network
[Match]
Name=guests7

[Link]
MTUBytes=1400

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=10.30.0.1/24
`,
  );
});

test("bonds and VLANs for ifupdown", () => {
  assert.equal(
    writeIfupdown(madeLinks()),
    `# /etc/network/interfaces.d/meganat
# Bonds need the package ifenslave.

auto bond0
iface bond0 inet static
  address 61.138.177.2/27
  gateway 61.138.177.1
  bond-slaves eth0 eth1
  bond-mode balance-rr
  bond-miimon 200
iface bond0 inet static
  address 61.138.177.3/27
iface bond0 inet static
  address 61.138.177.4/27

auto bond1
iface bond1 inet static
  address 10.10.0.1/16
  mtu 9000
  bond-slaves eth2 eth3
  bond-mode active-backup
  bond-miimon 100
  bond-updelay 400
  bond-primary eth3
  up echo 1 >/sys/class/net/$IFACE/bonding/min_links
  up ip route add 10.50.0.0/16 via 10.10.0.254 dev bond1
  up ip route add 10.50.0.0/16 via 10.10.0.253 dev bond1 metric 100
  up ip route add 10.51.0.0/16 dev bond1

auto bond1.100
iface bond1.100 inet static
  address 10.20.0.1/24

auto eth4
iface eth4 inet manual

auto guests7
iface guests7 inet static
  address 10.30.0.1/24
  mtu 1400
  pre-up ip link show guests7 >/dev/null 2>&1 || ip link add link eth4 name guests7 type vlan id 7
  post-down ip link delete guests7
`,
  );
});

test("bonds and VLANs as ifcfg files", () => {
  assert.equal(
    writeIfcfg(madeLinks()),
    `# /etc/sysconfig/network-scripts/ifcfg-eth0
DEVICE=eth0
TYPE=Ethernet
MASTER=bond0
SLAVE=yes
ONBOOT=yes
BOOTPROTO=none

# /etc/sysconfig/network-scripts/ifcfg-eth1
DEVICE=eth1
TYPE=Ethernet
MASTER=bond0
SLAVE=yes
ONBOOT=yes
BOOTPROTO=none

# /etc/sysconfig/network-scripts/ifcfg-bond0
DEVICE=bond0
TYPE=Bond
BONDING_MASTER=yes
BONDING_OPTS="mode=balance-rr miimon=200"
ONBOOT=yes
BOOTPROTO=none
IPADDR=61.138.177.2
PREFIX=27
IPADDR1=61.138.177.3
PREFIX1=27
IPADDR2=61.138.177.4
PREFIX2=27
GATEWAY=61.138.177.1
DEFROUTE=yes

# /etc/sysconfig/network-scripts/ifcfg-eth2
DEVICE=eth2
TYPE=Ethernet
MASTER=bond1
SLAVE=yes
ONBOOT=yes
BOOTPROTO=none

# /etc/sysconfig/network-scripts/ifcfg-eth3
DEVICE=eth3
TYPE=Ethernet
MASTER=bond1
SLAVE=yes
ONBOOT=yes
BOOTPROTO=none

# /etc/sysconfig/network-scripts/ifcfg-bond1
DEVICE=bond1
TYPE=Bond
BONDING_MASTER=yes
BONDING_OPTS="mode=active-backup miimon=100 updelay=400 primary=eth3 min_links=1"
ONBOOT=yes
BOOTPROTO=none
MTU=9000
IPADDR=10.10.0.1
PREFIX=16
DEFROUTE=no

# /etc/sysconfig/network-scripts/route-bond1
10.50.0.0/16 via 10.10.0.254 dev bond1
10.50.0.0/16 via 10.10.0.253 dev bond1 metric 100
10.51.0.0/16 dev bond1

# /etc/sysconfig/network-scripts/ifcfg-bond1.100
DEVICE=bond1.100
TYPE=Vlan
VLAN=yes
PHYSDEV=bond1
VLAN_ID=100
ONBOOT=yes
BOOTPROTO=none
IPADDR=10.20.0.1
PREFIX=24
DEFROUTE=no

# /etc/sysconfig/network-scripts/ifcfg-eth4
DEVICE=eth4
ONBOOT=yes
BOOTPROTO=none
DEFROUTE=no

# /etc/sysconfig/network-scripts/ifcfg-guests7
DEVICE=guests7
TYPE=Vlan
VLAN=yes
PHYSDEV=eth4
VLAN_ID=7
ONBOOT=yes
BOOTPROTO=none
MTU=1400
IPADDR=10.30.0.1
PREFIX=24
DEFROUTE=no
`,
  );
});
