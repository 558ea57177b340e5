import { setOffload } from "../kernel/ethtool.ts";
import { createNamespace } from "../kernel/namespace.ts";
import { addAddress } from "../kernel/route/address.ts";
import { addBond, setMaster } from "../kernel/route/bond.ts";
import { addVeth, setLinkUp } from "../kernel/route/link.ts";
import { addPolicyRule } from "../kernel/route/policy-rule.ts";
import { addRoute } from "../kernel/route/route.ts";
import { readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import type { LabHost, LabTopology } from "./topology.ts";

const FAR_MIIMON = 100;

/** On the end hosts any source is as good as any other: they own whole networks. */
const END_HOST_SYSCTLS: readonly (readonly [string, string])[] = [
  ["net.ipv4.ip_forward", "0"],
  ["net.ipv4.conf.all.rp_filter", "0"],
  ["net.ipv4.conf.default.rp_filter", "0"],
  // A source that the namespace owns itself still arrives, so that a leak or a loop is seen and not swallowed.
  ["net.ipv4.conf.all.accept_local", "1"],
  // Ask with the link's own address: the gateway would remember each of thousands of senders as a neighbour.
  ["net.ipv4.conf.all.arp_announce", "2"],
];

/** Makes the namespaces, links, addresses and routes. What failed half-way is for the caller to take down. */
export function buildTopology(topology: LabTopology): void {
  const { gateway, inside, outside } = topology.namespaces;
  for (const namespace of [gateway, inside, outside]) {
    createNamespace(namespace);
    // No IPv6: its neighbour discovery would be among the packets that a lab counts.
    setIfThere(namespace, "net.ipv6.conf.all.disable_ipv6", "1");
    setIfThere(namespace, "net.ipv6.conf.default.disable_ipv6", "1");
    setLinkUp(namespace, "lo", true);
  }
  for (const namespace of [inside, outside]) {
    for (const [name, value] of END_HOST_SYSCTLS) writeSysctl(namespace, name, value);
  }
  for (const link of topology.links) {
    const end = topology.namespaces[link.side];
    for (const wire of link.members ?? [link.interface]) {
      addVeth(gateway, wire, end, wire);
      // veth takes packets from an XDP program only if its receiving end polls, which GRO makes it do.
      setOffload(gateway, wire, "gro", true);
      // Packets redirected by XDP keep the checksum they were sent with: it must be whole.
      setOffload(end, wire, "tx-checksum", false);
    }
    if (link.members !== undefined) buildFarBond(end, link.interface, link.members);
    setLinkUp(end, link.interface, true);
    // A bond of the gateway's is made when the file is applied.
    if (link.members === undefined) setLinkUp(gateway, link.interface, true);
  }
  configureHost(gateway, topology.gateway);
  configureHost(inside, topology.inside);
  configureHost(outside, topology.outside);
}

/** The switch at the other end, which takes frames of the link by any wire. */
function buildFarBond(namespace: string, name: string, members: readonly string[]): void {
  addBond(namespace, name, { mode: "balance-xor", miimon: FAR_MIIMON });
  for (const member of members) setMaster(namespace, member, name);
}

function configureHost(namespace: string, host: LabHost): void {
  for (const address of host.addresses) addAddress(namespace, address);
  for (const rule of host.sourceRules) addPolicyRule(namespace, rule);
  for (const route of host.routes) addRoute(namespace, route);
}

function setIfThere(namespace: string, name: string, value: string): void {
  if (readSysctl(namespace, name) !== undefined) writeSysctl(namespace, name, value);
}
