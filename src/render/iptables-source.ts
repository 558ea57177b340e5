import { formatIpv4 } from "../address/ipv4.ts";
import { countAddresses, mergeRanges, type Ipv4Range } from "../address/ipv4-range.ts";
import { formatPortRange, type PortRange } from "../address/port-range.ts";
import type { PortBlocks, PublicAddress, SourcePlan } from "../plan/plan.ts";
import { forEachMapping } from "../plan/port-blocks.ts";
import { matchRange, sliceRanges, toSource } from "./iptables-matches.ts";

/** The protocols for which iptables gets a port range; each costs a rule. */
const PORT_PROTOCOLS = ["tcp", "udp", "icmp"];

/** Rules of one chain and of those it jumps to. */
export interface IptablesChain {
  readonly name: string;
  /** Without `-A NAME`. */
  readonly rules: readonly string[];
}

/** The chain of the rule at `index`. */
export function sourceName(index: number): string {
  return `MEGANAT-SOURCE-${index + 1}`;
}

/** The chain that translates the sources of one rule, the last of the list, and the chains it needs. */
export function sourceChains(source: SourcePlan, index: number): IptablesChain[] {
  const name = sourceName(index);
  const random = source.selection === "random" ? " --random-fully" : "";
  if (source.blocks !== undefined) return blockChains(name, source.blocks, random);
  if (source.rule.to.kind === "masquerade") {
    const ports = source.masqueradePorts;
    const ported = (ports === undefined ? [] : PORT_PROTOCOLS).map(
      (protocol) =>
        `-p ${protocol} -j MASQUERADE --to-ports ${ports === undefined ? "" : formatPortRange(ports)}${random}`,
    );
    return [{ name, rules: [...ported, `-j MASQUERADE${random}`] }];
  }
  return [{ name, rules: sharedRules(source, random) }];
}

/** Rules are tried one after the other, so a chain for each /24 keeps 10,000 subscribers from costing 40,000 tries. */
function blockChains(name: string, blocks: PortBlocks, random: string): IptablesChain[] {
  const chains = new Map<string, string[]>();
  const jumps: string[] = [];
  forEachMapping(blocks, (subscriber, address, first, last) => {
    const text = formatIpv4(subscriber);
    const network = text.slice(0, text.lastIndexOf("."));
    const chain = `${name.replace("SOURCE-", "")}-${network}`;
    let rules = chains.get(chain);
    if (rules === undefined) {
      rules = [];
      chains.set(chain, rules);
      jumps.push(`-s ${network}.0/24 -j ${chain}`);
    }
    rules.push(...snatRules(`-s ${text}/32 `, address, address, { first, last }, random));
  });
  return [...[...chains].map(([chain, rules]) => ({ name: chain, rules })), { name, rules: jumps }];
}

/**
 * iptables takes one range of addresses with one range of ports. Where the pool has several such runs, each serves
 * a share of the subscribers in proportion to its size, so that a subscriber still has one address.
 */
function sharedRules({ addresses, subscribers }: SourcePlan, random: string): string[] {
  const runs = runsOf(addresses);
  const merged = mergeRanges(subscribers);
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return snatRules("", only.first, only.last, only.ports, random);
  const count = countAddresses(merged);
  let served = 0;
  return runs.flatMap(({ first, last, ports }) => {
    const from = Math.round((served / addresses.length) * count);
    served += last - first + 1;
    const share = sliceRanges(merged, from, Math.round((served / addresses.length) * count));
    return share.flatMap((range) => snatRules(`${matchRange("src", range)} `, first, last, ports, random));
  });
}

/** How many separate runs the addresses of a shared pool make for iptables. */
export function countRuns(addresses: readonly PublicAddress[]): number {
  return runsOf(addresses).length;
}

function runsOf(addresses: readonly PublicAddress[]): (Ipv4Range & { readonly ports: PortRange })[] {
  const runs: { first: number; last: number; ports: PortRange }[] = [];
  for (const { address, ports } of addresses) {
    const run = runs.at(-1);
    if (
      run !== undefined &&
      run.last + 1 === address &&
      run.ports.first === ports.first &&
      run.ports.last === ports.last
    ) {
      run.last = address;
    } else runs.push({ first: address, last: address, ports });
  }
  return runs;
}

function snatRules(match: string, first: number, last: number, ports: PortRange, random: string): string[] {
  const flags = first === last ? random : ` --persistent${random}`;
  const persistent = first === last ? "" : " --persistent";
  return [
    ...PORT_PROTOCOLS.map(
      (protocol) => `${match}-p ${protocol} -j SNAT --to-source ${toSource(first, last, ports)}${flags}`,
    ),
    `${match}-j SNAT --to-source ${toSource(first, last)}${persistent}`,
  ];
}
