import type { NamedSet } from "./ruleset.ts";

/** Source, destination and ports of one direction. Addresses as text of either family. */
export interface Tuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** What is known of a packet; what is left out is unknown, and rules that ask for it match perhaps. */
export interface Packet extends Tuple {
  /** Number of the protocol (IANA). */
  readonly protocol: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Names in lower case: `syn`, `ack`. */
  readonly tcpFlags?: readonly string[];
  /** Of the packet with its IP header, in bytes. */
  readonly length?: number;
  readonly ttl?: number;
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** Ports of the bridge it came through, where br_netfilter shows it to IP's rules; null: none. */
  readonly bridgeInPort?: string | null;
  readonly bridgeOutPort?: string | null;
  /** 0 unless someone marked it. */
  readonly mark?: number;
  readonly connection?: PacketConnection;
}

/** What conntrack says of the packet's connection. */
export interface PacketConnection {
  readonly state: "new" | "established" | "related" | "invalid" | "untracked";
  /** `snat`, `dnat`, `seen-reply`, `assured`, `confirmed`, `expected`; undefined: unknown. */
  readonly status?: readonly string[];
  readonly direction?: "original" | "reply";
  readonly mark?: number;
  readonly zone?: number;
  readonly original?: Tuple;
  readonly reply?: Tuple;
}

/** The kind of an address for the routing of this host. */
export type AddressType = "local" | "unicast" | "broadcast" | "multicast";

/** What was found in a named set or map. */
export interface ElementAnswer {
  readonly present: boolean;
  /** What a map gives for the key, as nft writes it: `10.0.0.1 . 80`, `jump web`. */
  readonly data?: string;
}

/** What rules ask that is not in the packet. */
export interface Surroundings {
  /** Undefined: not known. */
  readonly addressType?: (address: string) => AddressType | undefined;
  /** Looks into a named set whose elements were not read, for one key in nft's words. Undefined: not known. */
  readonly element?: (set: NamedSet, key: readonly string[]) => ElementAnswer | undefined;
}

/** The first packet of a connection: untranslated, unmarked, seen by conntrack as new. */
export function firstPacket(
  tuple: Tuple & { readonly protocol: number },
  way: { readonly inInterface?: string; readonly outInterface?: string } = {},
): Packet {
  const { protocol, ...original } = tuple;
  const reply: Tuple = {
    source: tuple.destination,
    destination: tuple.source,
    ...(tuple.destinationPort === undefined ? {} : { sourcePort: tuple.destinationPort }),
    ...(tuple.sourcePort === undefined ? {} : { destinationPort: tuple.sourcePort }),
  };
  return {
    ...tuple,
    ...way,
    mark: 0,
    ...(protocol === 6 ? { tcpFlags: ["syn"] } : {}),
    bridgeInPort: null,
    bridgeOutPort: null,
    connection: { state: "new", status: [], direction: "original", mark: 0, zone: 0, original, reply },
  };
}

/** Types of addresses, out of those of this host's interfaces; without broadcasts it says nothing of these. */
export function addressTypes(
  local: Iterable<string>,
  broadcasts: Iterable<string> = [],
): (address: string) => AddressType {
  const [own, broadcast] = [new Set(local), new Set(broadcasts)];
  return (address) => {
    if (own.has(address) || address.startsWith("127.") || address === "::1") return "local";
    if (address === "255.255.255.255" || broadcast.has(address)) return "broadcast";
    if (/^ff/i.test(address)) return "multicast";
    return /^(22[4-9]|23\d)\./.test(address) ? "multicast" : "unicast";
  };
}
