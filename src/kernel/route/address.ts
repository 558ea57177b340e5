import type { Ipv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { readInterfaceNames } from "./link.ts";
import { findInterface } from "./link-message.ts";
import { AF_INET, readList, requireIpv4, withRoute } from "./rtnetlink.ts";

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
/** Bytes of struct ifaddrmsg. */
const IFADDRMSG = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

/** An IPv4 address on an interface. */
export interface AddressInfo {
  readonly interface: string;
  readonly address: Ipv4;
  readonly length: number;
  /** The other end's address, on a point-to-point link with one. */
  readonly peer?: Ipv4;
}

/** The address to add or remove, in dotted form. */
export interface AddressSpec {
  readonly interface: string;
  readonly address: string;
  readonly length: number;
}

/** All IPv4 addresses of the namespace. */
export function listAddresses(namespace: NamespaceName): AddressInfo[] {
  return withRoute(namespace, readAddresses);
}

/** Adds the address; throws `kernel-exists`, or `kernel-not-found` if there is no such interface. */
export function addAddress(namespace: NamespaceName, spec: AddressSpec): void {
  const tried = `add address ${spec.address}/${spec.length} to ${spec.interface}`;
  withRoute(namespace, (connection) => {
    connection.request(addressMessage(connection, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, spec, tried), tried);
  });
}

/**
 * Removes the address; throws `kernel-not-found`. The kernel takes later addresses of the same subnet along with the
 * first one, unless net.ipv4.conf.*.promote_secondaries is set.
 */
export function removeAddress(namespace: NamespaceName, spec: AddressSpec): void {
  const tried = `remove address ${spec.address}/${spec.length} from ${spec.interface}`;
  withRoute(namespace, (connection) => {
    connection.request(addressMessage(connection, RTM_DELADDR, 0, spec, tried), tried);
  });
}

/** As `listAddresses`, over a connection that is open already. */
export function readAddresses(connection: NetlinkConnection): AddressInfo[] {
  const names = readInterfaceNames(connection);
  const request = ifaddrmsg(RTM_GETADDR, 0, 0, 0);
  return readList(connection, request, "list addresses", (reply, attributes) => {
    if (reply.type !== RTM_NEWADDR || reply.u8(0) !== AF_INET) return undefined;
    let local: Ipv4 | undefined;
    let remote: Ipv4 | undefined;
    attributes.inMessage(reply, IFADDRMSG);
    while (attributes.next()) {
      if (attributes.type === IFA_LOCAL) local = attributes.u32be();
      else if (attributes.type === IFA_ADDRESS) remote = attributes.u32be();
    }
    const address = local ?? remote;
    if (address === undefined) return undefined;
    const index = reply.u32(4);
    const peer = remote !== undefined && remote !== address ? { peer: remote } : {};
    return { interface: names.get(index) ?? `index ${index}`, address, length: reply.u8(1), ...peer };
  });
}

function addressMessage(
  connection: NetlinkConnection,
  type: number,
  flags: number,
  spec: AddressSpec,
  tried: string,
): NetlinkMessage {
  const address = requireIpv4(spec.address, tried);
  const index = findInterface(connection, spec.interface);
  return ifaddrmsg(type, flags, spec.length, index)
    .attribute(IFA_LOCAL, (value) => value.u32be(address))
    .attribute(IFA_ADDRESS, (value) => value.u32be(address));
}

function ifaddrmsg(type: number, flags: number, length: number, index: number): NetlinkMessage {
  // Flags and scope 0: a permanent address of global scope.
  return new NetlinkMessage(type, flags).u8(AF_INET).u8(length).u8(0).u8(0).u32(index);
}
