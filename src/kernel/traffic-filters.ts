import type { NamespaceName } from "./namespace.ts";
import type { NetlinkConnection } from "./netlink/connection.ts";
import { AttributeCursor } from "./netlink/cursor.ts";
import { NetlinkMessage } from "./netlink/message.ts";
import { AF_UNSPEC, readList, withRoute } from "./route/rtnetlink.ts";

const RTM_NEWTFILTER = 44;
const RTM_GETTFILTER = 46;
/** Bytes of struct tcmsg. */
const TCMSG = 20;
const TCA_KIND = 1;

/** Where filters hang: before the network stack, behind it, or at the root queue. */
const PARENTS = { ingress: 0xfffffff2, egress: 0xfffffff3, root: 0 } as const;

/** A filter of tc(8). */
export interface TrafficFilter {
  /** `bpf`, `flower`, `u32`, ... */
  readonly kind: string;
  readonly priority: number;
}

/** The filters at one place of an interface; programs attached as links (tcx) are not among them: `listTrafficPrograms`. */
export function readTrafficFilters(
  namespace: NamespaceName,
  index: number,
  place: keyof typeof PARENTS,
): TrafficFilter[] {
  return withRoute(namespace, (connection) => askTrafficFilters(connection, index, place));
}

/** As `readTrafficFilters`, over a connection that is open already. */
export function askTrafficFilters(
  connection: NetlinkConnection,
  index: number,
  place: keyof typeof PARENTS,
): TrafficFilter[] {
  const request = new NetlinkMessage(RTM_GETTFILTER).u8(AF_UNSPEC).u8(0).u16(0);
  request.u32(index).u32(0).u32(PARENTS[place]).u32(0);
  const attributes = new AttributeCursor(connection.buffer);
  return readList(connection, request, "read traffic filters", (reply): TrafficFilter | undefined => {
    if (reply.type !== RTM_NEWTFILTER) return undefined;
    let kind = "";
    attributes.inMessage(reply, TCMSG);
    while (attributes.next()) if (attributes.type === TCA_KIND) kind = attributes.text();
    // tcm_info: priority and protocol.
    return { kind, priority: reply.u32(16) >>> 16 };
  });
}
