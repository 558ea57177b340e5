import type { NamespaceName } from "../namespace.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { findInterface } from "../route/link-message.ts";
import { readList, withRoute } from "../route/rtnetlink.ts";
import { RTM_GETTCLASS, RTM_NEWTCLASS, tcMessage, TCMSG } from "../traffic/tc-message.ts";
import { readU32s, readU64s } from "./u64.ts";

const TCA_STATS2 = 7;
const TCA_STATS_BASIC = 1;
const TCA_STATS_QUEUE = 3;
const TCA_STATS_PKT64 = 8;

/** What went through a class of an interface's queue, as `tc -s class` shows it. */
export interface ClassCounters {
  /** The queue's and the class's own. */
  readonly handle: number;
  readonly number: number;
  readonly bytes: number;
  readonly packets: number;
  /** A 32-bit counter. */
  readonly drops: number;
  /** Waiting now. */
  readonly backlogBytes: number;
}

/** The classes of an interface's queues; throws `kernel-not-found` if there is no such interface. */
export function readClassCounters(namespace: NamespaceName, device: string): ClassCounters[] {
  return withRoute(namespace, (connection) => {
    const nested = new AttributeCursor(connection.buffer);
    const request = tcMessage(RTM_GETTCLASS, 0, findInterface(connection, device), 0, 0);
    return readList(connection, request, "read class counters", (reply, attributes): ClassCounters | undefined => {
      if (reply.type !== RTM_NEWTCLASS) return undefined;
      let bytes = 0;
      let packets = 0;
      let queue: number[] = [];
      attributes.inMessage(reply, TCMSG);
      while (attributes.next()) {
        if (attributes.type !== TCA_STATS2) continue;
        nested.inAttribute(attributes);
        while (nested.next()) {
          if (nested.type === TCA_STATS_BASIC) {
            bytes = readU64s(nested.copy())[0] ?? 0;
            packets = readU32s(nested.copy())[2] ?? 0;
          } else if (nested.type === TCA_STATS_PKT64) packets = readU64s(nested.copy())[0] ?? 0;
          else if (nested.type === TCA_STATS_QUEUE) queue = readU32s(nested.copy());
        }
      }
      const [, backlogBytes = 0, drops = 0] = queue;
      const handle = reply.u32(8);
      return { handle: handle >>> 16, number: handle & 0xffff, bytes, packets, drops, backlogBytes };
    });
  });
}
