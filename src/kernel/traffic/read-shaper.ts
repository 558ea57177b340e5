import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { readInterfaceNames } from "../route/link.ts";
import { readList, withRoute } from "../route/rtnetlink.ts";
import { decodeHtbClass, type HtbClass } from "./htb.ts";
import {
  RTM_GETQDISC,
  RTM_GETTCLASS,
  RTM_NEWQDISC,
  RTM_NEWTCLASS,
  TC_H_ROOT,
  TCA_KIND,
  TCA_OPTIONS,
  tcMessage,
  TCMSG,
} from "./tc-message.ts";

/** What stands at the root of an interface's outgoing packets. */
export interface RootQueue {
  readonly interface: string;
  readonly kind: string;
  /** Its number; 0 of one the kernel made by itself. */
  readonly handle: number;
}

/** The root queues of all interfaces that have one. */
export function listRootQueues(namespace: NamespaceName): RootQueue[] {
  return withRoute(namespace, (connection) => {
    const names = readInterfaceNames(connection);
    const request = tcMessage(RTM_GETQDISC, 0, 0, 0, 0);
    return readList(connection, request, "list queues", (reply, attributes): RootQueue | undefined => {
      if (reply.type !== RTM_NEWQDISC || reply.u32(12) !== TC_H_ROOT) return undefined;
      let kind = "";
      attributes.inMessage(reply, TCMSG);
      while (attributes.next()) if (attributes.type === TCA_KIND) kind = attributes.text();
      return { interface: names.get(reply.u32(4)) ?? `index ${reply.u32(4)}`, kind, handle: reply.u32(8) >>> 16 };
    });
  });
}

/** The classes of the HTB queue with the handle at the interface with the index, in no order. */
export function readClasses(connection: NetlinkConnection, index: number, handle: number): HtbClass[] {
  const nested = new AttributeCursor(connection.buffer);
  const request = tcMessage(RTM_GETTCLASS, 0, index, 0, 0);
  const classes = readList(connection, request, "list classes", (reply, attributes) => {
    if (reply.type !== RTM_NEWTCLASS || reply.u32(8) >>> 16 !== handle) return undefined;
    let kind = "";
    let found = { rate: 0, ceiling: 0, priority: 0 };
    attributes.inMessage(reply, TCMSG);
    while (attributes.next()) {
      if (attributes.type === TCA_KIND) kind = attributes.text();
      else if (attributes.type === TCA_OPTIONS) found = decodeHtbClass(nested.inAttribute(attributes));
    }
    if (kind !== "htb") return undefined;
    const parent = reply.u32(12);
    return { number: reply.u32(8) & 0xffff, ...(parent === TC_H_ROOT ? {} : { parent: parent & 0xffff }), ...found };
  });
  const parents = new Set(classes.map(({ parent }) => parent));
  return classes.map((one) => ({ ...one, isLeaf: !parents.has(one.number) }));
}
