import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range, mergeRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import { PAIRING_SEED } from "../plan/pairing.ts";
import type { PortBlocks, PublicAddress, SourcePlan } from "../plan/plan.ts";
import { forEachMapping } from "../plan/port-blocks.ts";
import type { NftChain, NftCounter, NftSet } from "./desired-state.ts";
import { commentText, identifier } from "./name.ts";

/** Protocols whose ports (or ICMP query identifiers) the kernel's NAT translates. */
export const PORT_PROTOCOLS = "{ tcp, udp, icmp, sctp, dccp, udplite }";

/**
 * Those, and the ones without ports that people use: ESP, AH, IPComp, IP in IP (4), IPv6 in IP (41), GRE (47),
 * L2TPv3 (115). nft wants them named one by one where a map gives ports; the numbers are of protocols it only knows
 * if the host has /etc/protocols. What is not among them the guard drops.
 */
export const MAPPED_PROTOCOLS = "{ tcp, udp, icmp, sctp, dccp, udplite, esp, ah, comp, 4, 41, 47, 115 }";

/** How one source NAT rule appears in the table. */
export interface SourceParts {
  readonly sets: readonly NftSet[];
  readonly counter: NftCounter;
  /** Translates whatever comes to it. */
  readonly chain: NftChain;
  /** The set of the rule's subscribers. */
  readonly from: string;
  /** The set of destinations that stay untranslated, if the rule has any. */
  readonly untranslated?: string;
}

/** The sets and the chain of one rule. */
export function sourceParts(source: SourcePlan): SourceParts {
  const { rule, subscribers } = source;
  const from = identifier("from_", rule.name);
  const counter = identifier("connections_", rule.name);
  const sets: NftSet[] = [addressSet(from, subscribers, `subscribers of source NAT ${rule.name}`)];
  const untranslated = rule.untranslatedTo.length === 0 ? undefined : identifier("untranslated_", rule.name);
  if (untranslated !== undefined) {
    sets.push(addressSet(untranslated, rule.untranslatedTo, `destinations that ${rule.name} leaves untranslated`));
  }
  if (source.blocks !== undefined) sets.push(blockMap(identifier("blocks_", rule.name), source.blocks, rule.name));
  const chain: NftChain = {
    name: identifier("source_", rule.name),
    rules: [`counter name "${counter}" comment "${commentText(rule.name)}"`, ...statements(source)],
    about: `source NAT ${rule.name}: ${describe(source)}`,
  };
  const parts = {
    sets,
    counter: { name: counter, about: `connections that source NAT ${rule.name} translated` },
    chain,
    from,
  };
  return untranslated === undefined ? parts : { ...parts, untranslated };
}

/** A set of addresses with the ranges joined: nft refuses ranges that overlap. */
export function addressSet(name: string, ranges: readonly Ipv4Range[], about: string): NftSet {
  return { name, key: "ipv4_addr", flags: ["interval"], elements: mergeRanges(ranges).map(formatIpv4Range), about };
}

function blockMap(name: string, blocks: PortBlocks, rule: string): NftSet {
  const elements: string[] = [];
  // Text of the public address, made once for all its blocks.
  let address = -1;
  let text = "";
  forEachMapping(blocks, (subscriber, publicAddress, firstPort, lastPort) => {
    if (publicAddress !== address) {
      address = publicAddress;
      text = formatIpv4(address);
    }
    const ports = firstPort === lastPort ? firstPort : `${firstPort}-${lastPort}`;
    elements.push(`${formatIpv4(subscriber)} : ${text} . ${ports}`);
  });
  // nft takes either ranges or single ports as the data of a map.
  const data = blocks.size === 1 ? "ipv4_addr . inet_service" : "interval ipv4_addr . inet_service";
  const about = `port blocks of source NAT ${rule}: subscriber to public address and ports`;
  return { name, key: "ipv4_addr", data, flags: [], elements, about };
}

function statements(source: SourcePlan): string[] {
  const { rule, addresses } = source;
  const flags = source.selection === "random" ? " fully-random" : "";
  if (rule.to.kind === "masquerade") {
    const { masqueradePorts } = source;
    const ported =
      masqueradePorts === undefined
        ? []
        : [`meta l4proto ${PORT_PROTOCOLS} masquerade to :${formatPortRange(masqueradePorts)}${flags}`];
    return [...ported, `masquerade${flags}`];
  }
  if (source.blocks !== undefined) {
    return [`meta l4proto ${MAPPED_PROTOCOLS} snat ip to ip saddr map @${identifier("blocks_", rule.name)}${flags}`];
  }
  const [first] = addresses;
  if (first === undefined) return [];
  if (addresses.length === 1) {
    const address = formatIpv4(first.address);
    return [
      `meta l4proto ${PORT_PROTOCOLS} snat ip to ${address}:${formatPortRange(first.ports)}${flags}`,
      `snat ip to ${address}`,
    ];
  }
  return [
    `meta l4proto ${PORT_PROTOCOLS} snat ip to ${pairing(addresses, true)}${flags}`,
    `snat ip to ${pairing(addresses, false)}`,
  ];
}

// Paired pooling (RFC 4787, REQ-2): the address depends on the subscriber alone, and is the same for all protocols.
// Without a seed the kernel would draw a new one each time the rule is loaded.
function pairing(addresses: readonly PublicAddress[], withPorts: boolean): string {
  const choices = addresses.map(({ address, ports }, i) => {
    const target = withPorts ? `${formatIpv4(address)} . ${ports.first}-${ports.last}` : formatIpv4(address);
    return `${i} : ${target}`;
  });
  return `jhash ip saddr mod ${addresses.length} seed 0x${PAIRING_SEED.toString(16)} map { ${choices.join(", ")} }`;
}

function describe({ rule, addresses, blocks }: SourcePlan): string {
  if (rule.to.kind === "masquerade") return `to the address ${rule.out} has`;
  const to =
    rule.to.kind === "pool" ? `pool ${rule.to.pool}, ${addresses.length} addresses` : formatIpv4(rule.to.address);
  if (blocks !== undefined) return `to ${to}, ${blocks.size} ports for each subscriber`;
  return addresses.length > 1 ? `to ${to}, one for each subscriber, ports shared` : `to ${to}, ports shared`;
}
