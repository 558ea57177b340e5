import type { NamespaceName } from "../namespace.ts";
import type { AttributeCursor } from "../netlink/cursor.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import {
  findInterface,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  ifinfomsg,
} from "./link-message.ts";
import { withRoute } from "./rtnetlink.ts";

const RTM_NEWLINK = 16;
const IFLA_VLAN_ID = 1;

/** Makes an interface for one VLAN (802.1Q) of another, down; throws `kernel-exists`, `kernel-not-supported`. */
export function addVlan(namespace: NamespaceName, name: string, on: string, id: number): void {
  withRoute(namespace, (connection) => {
    const message = vlanMessage(name, findInterface(connection, on), id);
    connection.request(message, `make ${name}, VLAN ${id} of ${on}`);
  });
}

/** The request for a VLAN of the interface with the index. */
export function vlanMessage(name: string, on: number, id: number): NetlinkMessage {
  return ifinfomsg(new NetlinkMessage(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL), 0, 0, 0)
    .text(IFLA_IFNAME, name)
    .attribute(IFLA_LINK, (value) => value.u32(on))
    .nested(IFLA_LINKINFO, (info) =>
      info
        .text(IFLA_INFO_KIND, "vlan")
        .nested(IFLA_INFO_DATA, (data) => data.attribute(IFLA_VLAN_ID, (value) => value.u16(id))),
    );
}

/** Reads the VLAN's number from where a cursor stands on the IFLA_INFO_DATA of a VLAN. */
export function decodeVlanId(data: AttributeCursor): number {
  let id = 0;
  while (data.next()) if (data.type === IFLA_VLAN_ID) id = data.u16();
  return id;
}
