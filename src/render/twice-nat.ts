import { formatIpv4, type Ipv4 } from "../address/ipv4.ts";
import { formatIpv4Prefix, network, type Ipv4Prefix } from "../address/ipv4-prefix.ts";
import type { TwiceNat } from "../config/gateway.ts";
import type { PolicyRuleSetting, RouteSetting } from "./desired-state.ts";
import { quoteInterface } from "./name.ts";

/** The bits of the firewall mark that say where the outside hosts of a twice NAT are; the others stay as they were. */
export const MARK_MASK = 0xff000000;
const OTHER_BITS = "0x00ffffff";

/** Routing tables and the priorities of their policy rules count up from here: after `local`, before `main`. */
export const FIRST_TABLE = 7700;

/** Twice NAT as rules, by chain, and as routes. */
export interface TwiceNatParts {
  /** Before destination NAT, for every packet: chooses the routing table. */
  readonly marks: readonly string[];
  /** What `marks` match and set, for writers of other rule languages. */
  readonly marked: readonly { readonly link: string; readonly destination: string; readonly mark: number }[];
  readonly destination: readonly string[];
  readonly source: readonly string[];
  /** Drops what came out as the gateway's own address. */
  readonly input: readonly string[];
  readonly routes: readonly RouteSetting[];
  readonly policyRules: readonly PolicyRuleSetting[];
}

/** The counter of the `input` rules. */
export const OVERLAP_COUNTER = {
  name: "dropped_overlap",
  about: "packets for a host beyond a twice NAT whose own address is one of the gateway's: it cannot be reached",
};

/**
 * Both directions of initiation. The outside hosts have addresses that may mean other hosts here, so what is sent
 * to `seen-as` is marked while it still has that destination, and a policy rule looks the mark up in a table
 * that knows only the outside hosts. Throws RangeError for more next hops than the mark has room for.
 */
export function twiceNatParts(entries: readonly TwiceNat[], interfaceOf: (link: string) => string): TwiceNatParts {
  const marks: string[] = [];
  const marked: { link: string; destination: string; mark: number }[] = [];
  const destination: string[] = [];
  const source: string[] = [];
  const input: string[] = [];
  const routes: RouteSetting[] = [];
  const hops: string[] = [];
  for (const { inside, outside } of entries) {
    const insideLink = quoteInterface(interfaceOf(inside.link));
    const outsideLink = quoteInterface(interfaceOf(outside.link));
    const [hosts, seen] = [prefix(inside.hosts), prefix(inside.seenAs)];
    const [farHosts, farSeen] = [prefix(outside.hosts), prefix(outside.seenAs)];
    const hop = hopIndex(hops, outside.link, outside.via);

    marks.push(
      `iifname ${insideLink} ip daddr ${farSeen} meta mark set meta mark and ${OTHER_BITS} or ${hex(mark(hop))}`,
    );
    marked.push({ link: interfaceOf(inside.link), destination: farSeen, mark: mark(hop) });
    destination.push(
      `iifname ${insideLink} ip saddr ${hosts} ip daddr ${farSeen} ${netmap("dnat", "daddr", farSeen, farHosts)}`,
      `iifname ${outsideLink} ip saddr ${farHosts} ip daddr ${seen} ${netmap("dnat", "daddr", seen, hosts)}`,
    );
    source.push(
      `oifname ${outsideLink} ip saddr ${hosts} ct original ip daddr ${farSeen} ${netmap("snat", "saddr", hosts, seen)}`,
      `oifname ${insideLink} ip saddr ${farHosts} ct original ip daddr ${seen} ${netmap("snat", "saddr", farHosts, farSeen)}`,
    );
    const drop = `counter name "${OVERLAP_COUNTER.name}" drop`;
    input.push(
      `iifname ${insideLink} ct status dnat ct original ip daddr ${farSeen} ${drop}`,
      `iifname ${outsideLink} ct status dnat ct original ip daddr ${seen} ${drop}`,
    );
    const route = { destination: farHosts, table: FIRST_TABLE + hop, interface: interfaceOf(outside.link) };
    if (!routes.some((other) => other.table === route.table && other.destination === route.destination)) {
      routes.push(outside.via === undefined ? route : { ...route, via: formatIpv4(outside.via) });
    }
  }
  const policyRules = hops.map((_, hop) => ({
    mark: mark(hop),
    mask: MARK_MASK,
    table: FIRST_TABLE + hop,
    priority: FIRST_TABLE + hop,
  }));
  return { marks, marked, destination, source, input, routes, policyRules };
}

function hopIndex(hops: string[], link: string, via: Ipv4 | undefined): number {
  const key = `${via ?? "link"} ${link}`;
  const known = hops.indexOf(key);
  if (known >= 0) return known;
  if (hops.length === 255) throw new RangeError("twice NAT has more than 255 different next hops");
  return hops.push(key) - 1;
}

function mark(hop: number): number {
  return (hop + 1) * 0x1000000;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

function prefix(value: Ipv4Prefix): string {
  return formatIpv4Prefix({ address: network(value), length: value.length });
}

function netmap(nat: "dnat" | "snat", field: "daddr" | "saddr", from: string, to: string): string {
  return `${nat} ip prefix to ip ${field} map { ${from} : ${to} }`;
}
