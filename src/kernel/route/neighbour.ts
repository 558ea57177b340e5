import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { readInterfaceNames } from "./link.ts";
import { findInterface } from "./link-message.ts";
import { AF_INET, formatMac, readList, requireIpv4, requireMac, withRoute } from "./rtnetlink.ts";

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
/** Bytes of struct ndmsg. */
const NDMSG = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NTF_PROXY = 0x08;
const NUD_PERMANENT = 0x80;

/** What the kernel knows of the machine behind an address: ndm_state. */
const STATES: Readonly<Record<number, NeighbourState>> = {
  0x01: "incomplete",
  0x02: "reachable",
  0x04: "stale",
  0x08: "delay",
  0x10: "probe",
  0x20: "failed",
  0x40: "noarp",
  0x80: "permanent",
};

export type NeighbourState =
  | "none"
  | "incomplete"
  | "reachable"
  | "stale"
  | "delay"
  | "probe"
  | "failed"
  | "noarp"
  | "permanent";

/** An entry of the ARP table. */
export interface NeighbourInfo {
  readonly interface: string;
  readonly address: string;
  /** Absent until the neighbour has answered. */
  readonly mac?: string;
  readonly state: NeighbourState;
}

/** A neighbour whose MAC address is set by hand. */
export interface NeighbourSpec {
  readonly interface: string;
  readonly address: string;
  readonly mac: string;
}

/** The namespace answers ARP requests for the address on the interface. */
export interface ProxyNeighbourSpec {
  readonly interface: string;
  readonly address: string;
}

/** The IPv4 neighbours of the namespace. */
export function listNeighbours(namespace: NamespaceName): NeighbourInfo[] {
  return withRoute(namespace, (connection) =>
    readEntries(connection, 0).map((entry) => ({
      interface: entry.interface,
      address: formatIpv4(entry.address),
      ...(entry.mac === "" ? {} : { mac: entry.mac }),
      state: STATES[entry.state] ?? "none",
    })),
  );
}

/** Sets a neighbour for good; throws `kernel-exists`. */
export function addNeighbour(namespace: NamespaceName, spec: NeighbourSpec): void {
  const tried = `add neighbour ${spec.address} at ${spec.mac} on ${spec.interface}`;
  const mac = requireMac(spec.mac, tried);
  withRoute(namespace, (connection) => {
    const message = entryMessage(connection, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, NUD_PERMANENT, 0, spec, tried);
    connection.request(
      message.attribute(NDA_LLADDR, (value) => value.bytes(mac)),
      tried,
    );
  });
}

/** Removes a neighbour; throws `kernel-not-found`. */
export function removeNeighbour(namespace: NamespaceName, spec: ProxyNeighbourSpec): void {
  const tried = `remove neighbour ${spec.address} on ${spec.interface}`;
  withRoute(namespace, (connection) => {
    connection.request(entryMessage(connection, RTM_DELNEIGH, 0, 0, 0, spec, tried), tried);
  });
}

/** The IPv4 proxy neighbours of the namespace; those for all interfaces have interface `*`. */
export function listProxyNeighbours(namespace: NamespaceName): ProxyNeighbourSpec[] {
  return withRoute(namespace, (connection) =>
    readEntries(connection, NTF_PROXY).map((entry) => ({
      interface: entry.interface,
      address: formatIpv4(entry.address),
    })),
  );
}

/** Adds a proxy neighbour; the kernel does not mind if it is there already. */
export function addProxyNeighbour(namespace: NamespaceName, spec: ProxyNeighbourSpec): void {
  const tried = `add proxy neighbour ${spec.address} on ${spec.interface}`;
  withRoute(namespace, (connection) => {
    connection.request(
      entryMessage(connection, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, NUD_PERMANENT, NTF_PROXY, spec, tried),
      tried,
    );
  });
}

/** Removes a proxy neighbour; throws `kernel-not-found`. */
export function removeProxyNeighbour(namespace: NamespaceName, spec: ProxyNeighbourSpec): void {
  const tried = `remove proxy neighbour ${spec.address} on ${spec.interface}`;
  withRoute(namespace, (connection) => {
    connection.request(entryMessage(connection, RTM_DELNEIGH, 0, 0, NTF_PROXY, spec, tried), tried);
  });
}

interface Entry {
  readonly interface: string;
  readonly address: Ipv4;
  readonly mac: string;
  readonly state: number;
}

function readEntries(connection: NetlinkConnection, flags: number): Entry[] {
  const names = readInterfaceNames(connection).set(0, "*");
  const request = ndmsg(RTM_GETNEIGH, 0, 0, 0, flags);
  return readList(connection, request, "list neighbours", (reply, attributes) => {
    const isProxy = (reply.u8(10) & NTF_PROXY) !== 0;
    if (reply.type !== RTM_NEWNEIGH || reply.u8(0) !== AF_INET || isProxy !== (flags === NTF_PROXY)) return undefined;
    let address: Ipv4 | undefined;
    let mac = "";
    attributes.inMessage(reply, NDMSG);
    while (attributes.next()) {
      if (attributes.type === NDA_DST) address = attributes.u32be();
      else if (attributes.type === NDA_LLADDR) mac = formatMac(attributes.copy());
    }
    const index = reply.u32(4);
    if (address === undefined) return undefined;
    return { interface: names.get(index) ?? `index ${index}`, address, mac, state: reply.u16(8) };
  });
}

function entryMessage(
  connection: NetlinkConnection,
  type: number,
  requestFlags: number,
  state: number,
  entryFlags: number,
  spec: ProxyNeighbourSpec,
  tried: string,
): NetlinkMessage {
  const address = requireIpv4(spec.address, tried);
  const index = findInterface(connection, spec.interface);
  return ndmsg(type, requestFlags, index, state, entryFlags).attribute(NDA_DST, (value) => value.u32be(address));
}

function ndmsg(type: number, flags: number, index: number, state: number, entryFlags: number): NetlinkMessage {
  return new NetlinkMessage(type, flags).u8(AF_INET).u8(0).u16(0).u32(index).u16(state).u8(entryFlags).u8(0);
}
