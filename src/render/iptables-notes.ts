import { countAddresses, prefixRange, rangesOverlap } from "../address/ipv4-range.ts";
import type { Plan } from "../plan/plan.ts";
import { countRuns, sourceName } from "./iptables-source.ts";
import { interfaceOf } from "./links.ts";
import { reachOf } from "./reach.ts";
import { twiceNatParts } from "./twice-nat.ts";

/** The comment at the top: what iptables cannot do, and what it needs that is not iptables'. */
export function writeNotes(plan: Plan): string {
  const { gateway, sources } = plan;
  const reach = reachOf(gateway);
  const twiceParts = twiceNatParts(gateway.twiceNat, (link) => interfaceOf(gateway, link));
  const cannot: string[] = [];
  if (gateway.sourceNat.length + gateway.staticNat.length > 0) {
    cannot.push("drop what would leave untranslated: no filter table after source NAT");
  }
  if (sources.some(({ blocks, addresses }) => blocks !== undefined || addresses.length > 0)) {
    cannot.push("keep SCTP, DCCP and UDP-Lite to the ports of a rule: only TCP, UDP and ICMP have a rule for it here");
  }
  if (sources.some(({ blocks, addresses }) => blocks === undefined && addresses.length > 1)) {
    cannot.push("give a subscriber of a shared pool the address nftables gives it: --persistent hashes otherwise");
  }
  for (const { rule, blocks, addresses, subscribers } of sources) {
    const runs = blocks === undefined ? countRuns(addresses) : 1;
    const name = oneLine(rule.name);
    if (runs > 1)
      cannot.push(`hash ${name} over all its addresses: ${runs} runs of addresses each serve a share of it`);
    const outside = gateway.links.filter((link) => link.name === rule.out || link.gateway !== undefined);
    const networks = outside.flatMap((link) => link.addresses.map(prefixRange));
    if (subscribers.some((range) => networks.some((net) => rangesOverlap(range, net)))) {
      cannot.push(
        `tell clients outside from subscribers of ${name}: they lose their address on the way to a port forward`,
      );
    }
    if (blocks !== undefined && countAddresses(subscribers) > 1000) {
      cannot.push(`find a subscriber of ${name} in one step: rules are tried one by one, up to 1024 in a /24`);
    }
  }
  if (gateway.limits !== undefined) {
    cannot.push("limit subscribers: `limits` of the file is left out (connlimit, hashlimit and tc can do parts of it)");
  }
  if (gateway.uplinks !== undefined) {
    cannot.push("choose among uplinks: `uplinks` of the file is left out (CONNMARK and ip-rule can do it)");
  }
  const needs = [
    ...reach.addresses.map((a) => `ip address add ${a.address}/${a.length} dev ${a.interface}`),
    ...[...reach.routes, ...twiceParts.routes].map((route) => {
      const via = route.via === undefined ? "" : ` via ${route.via}`;
      const metric = route.metric === undefined ? "" : ` metric ${route.metric}`;
      return `ip route add ${route.destination}${via} dev ${route.interface} table ${route.table}${metric}`;
    }),
    ...twiceParts.policyRules.map(
      (rule) =>
        `ip rule add fwmark ${hex(rule.mark ?? 0)}/${hex(rule.mask ?? 0)} table ${rule.table} priority ${rule.priority}`,
    ),
    ...reach.proxyNeighbours.map((entry) => `ip neigh add proxy ${entry.address} dev ${entry.interface}`),
  ];
  const names = sources.map(({ rule }, i) => `${sourceName(i)}: ${oneLine(rule.name)}`);
  return [
    `# The gateway ${oneLine(gateway.name)} for iptables: load with iptables-restore --noflush`,
    ...section("Source NAT rules", names),
    ...section("What iptables cannot do as MegaNAT's own rules do", cannot),
    ...section("What it needs besides, with the kernel settings of --format sysctl", needs),
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["#", `# ${title}:`, ...lines.map((line) => `#   ${line}`)];
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{C}/gu, " ");
}

/** A mark or mask in hexadecimal. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
