import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, network, type Ipv4Prefix } from "../address/ipv4-prefix.ts";
import { mergeRanges, rangePrefixes } from "../address/ipv4-range.ts";
import { countPorts, formatPortRange } from "../address/port-range.ts";
import type { Gateway, PortForward, StaticNat } from "../config/gateway.ts";
import type { Plan } from "../plan/plan.ts";
import { protocolsOf } from "./forwards.ts";
import { iptablesInterface, matchRange } from "./iptables-matches.ts";
import { sourceChains, sourceName, type IptablesChain } from "./iptables-source.ts";
import { interfaceOf } from "./links.ts";
import { hex, writeNotes } from "./iptables-notes.ts";
import { placePublicAddresses } from "./public-addresses.ts";
import { pairPrefixes } from "./static-nat.ts";
import { MARK_MASK, twiceNatParts } from "./twice-nat.ts";

/**
 * The plan as text for `iptables-restore --noflush`, as far as iptables can express it; what it cannot is said at
 * the top, together with the addresses and routes it needs. Throws RangeError for an interface name it cannot write.
 */
export function writeIptables(plan: Plan): string {
  const { gateway } = plan;
  const sources = plan.sources.map((source, i) => sourceChains(source, i));
  const listen: IptablesChain = {
    name: "MEGANAT-LISTEN",
    rules: [...gateway.portForwards.flatMap(forwardRules), ...gateway.staticNat.flatMap((s) => staticRules(s, "in"))],
  };
  const hairpin: IptablesChain = { name: "MEGANAT-HAIRPIN", rules: hairpinRules(plan, sources) };
  const leave: IptablesChain = { name: "MEGANAT-LEAVE", rules: leaveRules(plan, sources) };
  const untranslated = plan.sources.map(({ rule }, i) => ({
    name: untranslatedName(i),
    rules: [
      ...mergeRanges(rule.untranslatedTo).map((range) => `${matchRange("dst", range)} -j ACCEPT`),
      `-j ${sourceName(i)}`,
    ],
  }));
  const nat = table(
    "nat",
    [
      ...sources.flat(),
      ...untranslated.filter((_, i) => plan.sources[i]?.rule.untranslatedTo.length !== 0),
      listen,
      hairpin,
      leave,
    ],
    [
      `PREROUTING -j ${listen.name}`,
      ...twice(gateway, "dnat").map((rule) => `PREROUTING ${rule}`),
      `OUTPUT -j ${listen.name}`,
      ...twice(gateway, "snat").map((rule) => `POSTROUTING ${rule}`),
      `POSTROUTING -j ${leave.name}`,
      ...publicPrefixes(gateway).map(
        (p) => `POSTROUTING -m conntrack --ctstate DNAT --ctorigdst ${p} -j ${hairpin.name}`,
      ),
    ],
  );
  return [writeNotes(plan), ...mangleTable(gateway), nat, ...filterTable(plan)].join("\n");
}

function untranslatedName(index: number): string {
  return `MEGANAT-LEAVE-${index + 1}`;
}

function table(name: string, chains: readonly IptablesChain[], rules: readonly string[]): string {
  const lines = [
    `*${name}`,
    ...chains.map((chain) => `:${chain.name} - [0:0]`),
    ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`)),
    ...rules.map((rule) => `-A ${rule}`),
    "COMMIT",
  ];
  return `${lines.join("\n")}\n`;
}

function forwardRules(forward: PortForward): string[] {
  const { listen, to } = forward;
  const same = listen.ports.first === to.ports.first;
  // `first-last/base` shifts a range: the offset from `base` is added to `first`.
  const shifted = `:${formatPortRange(to.ports)}${countPorts(to.ports) === 1 ? "" : `/${listen.ports.first}`}`;
  const ports = formatPortRange(listen.ports).replace("-", ":");
  return protocolsOf(forward).map(
    (protocol) =>
      `-d ${formatIpv4(listen.address)}/32 -p ${protocol} -m ${protocol} --dport ${ports} ` +
      `-j DNAT --to-destination ${formatIpv4(to.address)}${same ? "" : shifted}`,
  );
}

function staticRules(entry: StaticNat, direction: "in" | "out"): string[] {
  return pairPrefixes(entry.public, entry.private).map((pair) => {
    const [from, to] = direction === "in" ? [pair.public, pair.private] : [pair.private, pair.public];
    const match = `${direction === "in" ? "-d" : "-s"} ${formatIpv4Prefix(from)}`;
    if (from.length < 32) return `${match} -j NETMAP --to ${formatIpv4Prefix(to)}`;
    const target = direction === "in" ? "DNAT --to-destination" : "SNAT --to-source";
    return `${match} -j ${target} ${formatIpv4(to.address)}`;
  });
}

function leaveRules(plan: Plan, sources: readonly IptablesChain[][]): string[] {
  const by = (link: string): string => `-o ${iptablesInterface(interfaceOf(plan.gateway, link))}`;
  return [
    ...plan.gateway.staticNat.flatMap((entry) => staticRules(entry, "out").map((rule) => `${by(entry.out)} ${rule}`)),
    ...sources.flatMap((_, i) => {
      const source = plan.sources[i];
      if (source === undefined) return [];
      const chain = source.rule.untranslatedTo.length === 0 ? sourceName(i) : untranslatedName(i);
      return mergeRanges(source.subscribers).map((r) => `${by(source.rule.out)} ${matchRange("src", r)} -j ${chain}`);
    }),
  ];
}

function hairpinRules(plan: Plan, sources: readonly IptablesChain[][]): string[] {
  const { gateway } = plan;
  const outs = new Set([...gateway.sourceNat, ...gateway.staticNat].map(({ out }) => out));
  const inner = gateway.links.filter((link) => !outs.has(link.name));
  return [
    ...gateway.staticNat.flatMap((entry) => staticRules(entry, "out")),
    ...sources.flatMap((_, i) =>
      mergeRanges(plan.sources[i]?.subscribers ?? []).map((r) => `${matchRange("src", r)} -j ${sourceName(i)}`),
    ),
    // POSTROUTING cannot match the incoming interface: the link's own network stands in for it.
    ...inner.flatMap((link) =>
      link.addresses.map((prefix) => `-s ${networkOf(prefix)} -o ${iptablesInterface(link.interface)} -j MASQUERADE`),
    ),
  ];
}

function twice(gateway: Gateway, nat: "dnat" | "snat"): string[] {
  return gateway.twiceNat.flatMap(({ inside, outside }) => {
    const inner = iptablesInterface(interfaceOf(gateway, inside.link));
    const outer = iptablesInterface(interfaceOf(gateway, outside.link));
    const [hosts, seen, farHosts, farSeen] = [inside.hosts, inside.seenAs, outside.hosts, outside.seenAs].map(
      networkOf,
    );
    if (nat === "dnat") {
      return [
        `-i ${inner} -s ${hosts} -d ${farSeen} -j NETMAP --to ${farHosts}`,
        `-i ${outer} -s ${farHosts} -d ${seen} -j NETMAP --to ${hosts}`,
      ];
    }
    return [
      `-o ${outer} -s ${hosts} -m conntrack --ctorigdst ${farSeen} -j NETMAP --to ${seen}`,
      `-o ${inner} -s ${farHosts} -m conntrack --ctorigdst ${seen} -j NETMAP --to ${farSeen}`,
    ];
  });
}

function mangleTable(gateway: Gateway): string[] {
  if (gateway.twiceNat.length === 0) return [];
  const { marked } = twiceNatParts(gateway.twiceNat, (link) => interfaceOf(gateway, link));
  const rules = marked.map(
    ({ link, destination, mark }) =>
      `PREROUTING -i ${iptablesInterface(link)} -d ${destination} -j MARK --set-xmark ${hex(mark)}/${hex(MARK_MASK)}`,
  );
  return [table("mangle", [], rules)];
}

function filterTable({ gateway }: Plan): string[] {
  const outs = [...new Set([...gateway.sourceNat, ...gateway.staticNat].map(({ out }) => interfaceOf(gateway, out)))];
  const routed = placePublicAddresses(gateway).filter(({ reachedBy }) => reachedBy !== "address");
  const rules = [
    ...outs.flatMap((out) =>
      ["-i", "-o"].map((side) => `FORWARD ${side} ${iptablesInterface(out)} -m conntrack --ctstate INVALID -j DROP`),
    ),
    ...mergeRanges(routed.map(({ range }) => range)).map(
      (range) => `FORWARD -o lo ${matchRange("dst", range)} -j DROP`,
    ),
  ];
  return rules.length === 0 ? [] : [table("filter", [], rules)];
}

function publicPrefixes(gateway: Gateway): string[] {
  const ranges = [
    ...gateway.portForwards.map(({ listen }) => ({ first: listen.address, last: listen.address })),
    ...gateway.staticNat.map((entry) => entry.public),
  ];
  return mergeRanges(ranges).flatMap(rangePrefixes).map(formatIpv4Prefix);
}

function networkOf(prefix: Ipv4Prefix): string {
  return formatIpv4Prefix({ address: network(prefix), length: prefix.length });
}
