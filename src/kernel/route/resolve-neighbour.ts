import type { NamespaceName } from "../namespace.ts";
import { NLM_F_CREATE } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { findInterface } from "./link-message.ts";
import type { ProxyNeighbourSpec } from "./neighbour.ts";
import { AF_INET, requireIpv4, withRoute } from "./rtnetlink.ts";

const RTM_NEWNEIGH = 28;
const NDA_DST = 1;
/** Use the entry now, as if a packet were to be sent to it. */
const NTF_USE = 0x01;

/**
 * Makes the kernel ask by ARP who has the address, without any packet to it: nothing appears in a connection table on
 * the way. The answer comes later, into `listNeighbours`.
 */
export function resolveNeighbour(namespace: NamespaceName, spec: ProxyNeighbourSpec): void {
  const tried = `resolve neighbour ${spec.address} on ${spec.interface}`;
  const address = requireIpv4(spec.address, tried);
  withRoute(namespace, (connection) => {
    const index = findInterface(connection, spec.interface);
    const message = new NetlinkMessage(RTM_NEWNEIGH, NLM_F_CREATE)
      .u8(AF_INET)
      .u8(0)
      .u16(0)
      .u32(index)
      .u16(0)
      .u8(NTF_USE)
      .u8(0);
    connection.request(
      message.attribute(NDA_DST, (value) => value.u32be(address)),
      tried,
    );
  });
}
