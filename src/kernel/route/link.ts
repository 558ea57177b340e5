import { closeSync } from "node:fs";
import { openNamespace, type NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor, type MessageCursor } from "../netlink/cursor.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { decodeBond, type BondInfo } from "./bond.ts";
import {
  IFLA_EXT_MASK,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  ifinfomsg,
  requestLink,
  RTEXT_FILTER_SKIP_STATS,
} from "./link-message.ts";
import { formatMac, readList, requireMac, withRoute } from "./rtnetlink.ts";
import { decodeVlanId } from "./vlan.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
/** Bytes of struct ifinfomsg. */
const IFINFOMSG = 16;

const IFLA_ADDRESS = 1;
const IFLA_MTU = 4;
const IFLA_NET_NS_FD = 28;
const IFLA_CARRIER = 33;
const IFLA_LINK_NETNSID = 37;
const VETH_INFO_PEER = 1;

const IFF_UP = 1;

/** A network interface. */
export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  /** Set up by the administrator; says nothing of the cable. */
  readonly up: boolean;
  readonly carrier: boolean;
  /** With colons; empty for interfaces that have none. */
  readonly mac: string;
  readonly mtu: number;
  /** `veth`, `bond`, `vlan`, ...; undefined for hardware and loopback. */
  readonly kind?: string;
  /** Index of the bridge, bond, ... it is a port of. */
  readonly master?: number;
  /** Only of a bond. */
  readonly bond?: BondInfo;
  /** Only of a VLAN: its number, and the index of the interface it is on. */
  readonly vlan?: { readonly id: number; readonly on: number };
  /** Only of an interface that is a share of another one: the index of that. */
  readonly shareOf?: number;
  /** What a VLAN or share is on is in another namespace, and its index is one there. */
  readonly onElsewhere?: true;
}

/** Kinds of interfaces that share another's hardware, under an address of their own. */
const SHARE_KINDS: ReadonlySet<string> = new Set(["macvlan", "macvtap", "ipvlan", "ipvtap"]);

/** What may be chosen about a new pair; the kernel chooses what is left out. */
export interface VethOptions {
  readonly macA?: string;
  readonly macB?: string;
  readonly mtu?: number;
}

/** All interfaces of the namespace. */
export function listLinks(namespace: NamespaceName): LinkInfo[] {
  return withRoute(namespace, readLinks);
}

/** Makes a pair of interfaces joined by a wire, each end in its namespace, both down. Throws `kernel-exists`. */
export function addVeth(
  namespaceA: NamespaceName,
  nameA: string,
  namespaceB: NamespaceName,
  nameB: string,
  options: VethOptions = {},
): void {
  const tried = `add veth pair ${nameA} and ${nameB}`;
  const target = openNamespace(namespaceB);
  try {
    const message = new NetlinkMessage(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    end(message, nameA, options.macA, options.mtu, tried).nested(IFLA_LINKINFO, (info) =>
      info
        .text(IFLA_INFO_KIND, "veth")
        .nested(IFLA_INFO_DATA, (data) =>
          data.nested(VETH_INFO_PEER, (peer) =>
            end(peer, nameB, options.macB, options.mtu, tried).attribute(IFLA_NET_NS_FD, (fd) => fd.u32(target)),
          ),
        ),
    );
    withRoute(namespaceA, (connection) => connection.request(message, tried));
  } finally {
    closeSync(target);
  }
}

/** Sets the interface up or down. */
export function setLinkUp(namespace: NamespaceName, name: string, up: boolean): void {
  const tried = `set ${name} ${up ? "up" : "down"}`;
  const message = linkMessage(RTM_NEWLINK, 0, up ? IFF_UP : 0, IFF_UP).text(IFLA_IFNAME, name);
  withRoute(namespace, (connection) => requestLink(connection, message, name, tried));
}

/** Sets the largest packet the interface sends, in bytes; throws `kernel-rejected` for more than the device can. */
export function setLinkMtu(namespace: NamespaceName, name: string, mtu: number): void {
  const message = linkMessage(RTM_NEWLINK, 0, 0, 0)
    .text(IFLA_IFNAME, name)
    .attribute(IFLA_MTU, (value) => value.u32(mtu));
  withRoute(namespace, (connection) => requestLink(connection, message, name, `set the MTU of ${name} to ${mtu}`));
}

/** Deletes a virtual interface; of a veth pair both ends go. */
export function deleteLink(namespace: NamespaceName, name: string): void {
  const message = linkMessage(RTM_DELLINK, 0, 0, 0).text(IFLA_IFNAME, name);
  withRoute(namespace, (connection) => requestLink(connection, message, name, `delete interface ${name}`));
}

/** As `listLinks`, over a connection that is open already. */
export function readLinks(connection: NetlinkConnection): LinkInfo[] {
  const request = linkMessage(RTM_GETLINK, 0, 0, 0).attribute(IFLA_EXT_MASK, (mask) =>
    mask.u32(RTEXT_FILTER_SKIP_STATS),
  );
  const nested = new AttributeCursor(connection.buffer);
  const data = new AttributeCursor(connection.buffer);
  return readList(connection, request, "list interfaces", (reply, attributes) => {
    return reply.type === RTM_NEWLINK ? decodeLink(reply, attributes, nested, data) : undefined;
  });
}

/** Names by index, to make sense of what else rtnetlink says. */
export function readInterfaceNames(connection: NetlinkConnection): Map<number, string> {
  return new Map(readLinks(connection).map((link) => [link.index, link.name]));
}

function decodeLink(
  reply: MessageCursor,
  attributes: AttributeCursor,
  nested: AttributeCursor,
  data: AttributeCursor,
): LinkInfo {
  let name = "";
  let mac = "";
  let mtu = 0;
  let carrier = false;
  let kind: string | undefined;
  let master = 0;
  let parent = 0;
  let bond: BondInfo | undefined;
  let vlanId: number | undefined;
  let elsewhere = false;
  attributes.inMessage(reply, IFINFOMSG);
  while (attributes.next()) {
    if (attributes.type === IFLA_IFNAME) name = attributes.text();
    else if (attributes.type === IFLA_ADDRESS) mac = formatMac(attributes.copy());
    else if (attributes.type === IFLA_MTU) mtu = attributes.u32();
    else if (attributes.type === IFLA_LINK) parent = attributes.u32();
    else if (attributes.type === IFLA_LINK_NETNSID) elsewhere = true;
    else if (attributes.type === IFLA_MASTER) master = attributes.u32();
    else if (attributes.type === IFLA_CARRIER) carrier = attributes.u8() === 1;
    else if (attributes.type === IFLA_LINKINFO) {
      nested.inAttribute(attributes);
      // The kernel names the kind before its data.
      while (nested.next()) {
        if (nested.type === IFLA_INFO_KIND) kind = nested.text();
        else if (nested.type === IFLA_INFO_DATA && kind === "bond") bond = decodeBond(data.inAttribute(nested));
        else if (nested.type === IFLA_INFO_DATA && kind === "vlan") vlanId = decodeVlanId(data.inAttribute(nested));
      }
    }
  }
  const up = (reply.u32(8) & IFF_UP) !== 0;
  const isShare = kind !== undefined && SHARE_KINDS.has(kind);
  return {
    index: reply.i32(4),
    name,
    up,
    carrier,
    mac,
    mtu,
    ...(kind === undefined ? {} : { kind }),
    ...(master === 0 ? {} : { master }),
    ...(bond === undefined ? {} : { bond }),
    ...(vlanId === undefined ? {} : { vlan: { id: vlanId, on: parent } }),
    ...(isShare ? { shareOf: parent } : {}),
    ...(elsewhere && (isShare || vlanId !== undefined) ? { onElsewhere: true } : {}),
  };
}

function linkMessage(type: number, index: number, flags: number, change: number): NetlinkMessage {
  return ifinfomsg(new NetlinkMessage(type), index, flags, change);
}

/** One end of a pair, as the main part of the message or nested in it. */
function end(
  message: NetlinkMessage,
  name: string,
  mac: string | undefined,
  mtu: number | undefined,
  tried: string,
): NetlinkMessage {
  ifinfomsg(message, 0, 0, 0).text(IFLA_IFNAME, name);
  if (mac !== undefined) {
    const bytes = requireMac(mac, tried);
    message.attribute(IFLA_ADDRESS, (address) => address.bytes(bytes));
  }
  if (mtu !== undefined) message.attribute(IFLA_MTU, (value) => value.u32(mtu));
  return message;
}
