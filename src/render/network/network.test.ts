import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayOf, link, pool, source } from "../../../test/fixtures/plan-of.ts";
import { writeIfcfg } from "./ifcfg.ts";
import { writeIfupdown } from "./ifupdown.ts";
import { writeNetworkd } from "./networkd.ts";

const GATEWAY = gatewayOf({
  links: [
    link("wan", "61.138.177.2/27", { gateway: "61.138.177.1", interface: "bond0" }),
    link("spare", "192.0.2.2/30", { gateway: "192.0.2.1" }),
    link("lan", "10.10.0.1/16"),
  ],
  pools: [pool("public", "61.138.177.3-61.138.177.4"), pool("routed", "198.51.100.8/31", { reachedBy: "route" })],
  sourceNat: [source("campus", "10.10.1.0/24", "public"), source("others", "10.10.2.0/24", "routed")],
});

test("the links for systemd-networkd", () => {
  assert.equal(
    writeNetworkd(GATEWAY),
    `# /etc/systemd/network/50-wan.network
[Match]
Name=bond0

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=61.138.177.2/27
Address=61.138.177.3/32
Address=61.138.177.4/32

[Route]
Gateway=61.138.177.1

# /etc/systemd/network/50-spare.network
[Match]
Name=spare

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=192.0.2.2/30

[Route]
Gateway=192.0.2.1
Metric=100

# /etc/systemd/network/50-lan.network
[Match]
Name=lan

[Network]
# Addresses and routes that MegaNAT adds stay.
KeepConfiguration=yes
Address=10.10.0.1/16
`,
  );
});

test("the links for ifupdown", () => {
  assert.equal(
    writeIfupdown(GATEWAY),
    `# /etc/network/interfaces.d/meganat

auto bond0
iface bond0 inet static
  address 61.138.177.2/27
  gateway 61.138.177.1
iface bond0 inet static
  address 61.138.177.3/32
iface bond0 inet static
  address 61.138.177.4/32

auto spare
iface spare inet static
  address 192.0.2.2/30
  gateway 192.0.2.1
  metric 100

auto lan
iface lan inet static
  address 10.10.0.1/16
`,
  );
});

test("the links as ifcfg files", () => {
  assert.equal(
    writeIfcfg(GATEWAY),
    `# /etc/sysconfig/network-scripts/ifcfg-bond0
DEVICE=bond0
ONBOOT=yes
BOOTPROTO=none
IPADDR=61.138.177.2
PREFIX=27
IPADDR1=61.138.177.3
PREFIX1=32
IPADDR2=61.138.177.4
PREFIX2=32
GATEWAY=61.138.177.1
DEFROUTE=yes

# /etc/sysconfig/network-scripts/ifcfg-spare
DEVICE=spare
ONBOOT=yes
BOOTPROTO=none
IPADDR=192.0.2.2
PREFIX=30
GATEWAY=192.0.2.1
DEFROUTE=yes
IPV4_ROUTE_METRIC=100

# /etc/sysconfig/network-scripts/ifcfg-lan
DEVICE=lan
ONBOOT=yes
BOOTPROTO=none
IPADDR=10.10.0.1
PREFIX=16
DEFROUTE=no
`,
  );
});
