import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { readInterfaceNames } from "../route/link.ts";
import { AF_UNSPEC, readList, withRoute } from "../route/rtnetlink.ts";
import { readU32s, readU64s } from "./u64.ts";

const RTM_NEWQDISC = 36;
const RTM_GETQDISC = 38;
/** Bytes of struct tcmsg. */
const TCMSG = 20;
const TCA_KIND = 1;
const TCA_STATS2 = 7;
const TCA_STATS_BASIC = 1;
const TCA_STATS_QUEUE = 3;
const TCA_STATS_PKT64 = 8;
const TC_H_ROOT = 0xffffffff;
const TC_H_INGRESS = 0xfffffff1;

/** A queue that packets wait in before an interface sends them, as `tc -s qdisc` shows it. */
export interface QueueCounters {
  readonly interface: string;
  /** `fq_codel`, `mq`, `noqueue`, ... */
  readonly kind: string;
  /** Where it hangs: `root`, `ingress`, or the class it serves, `1:2`. */
  readonly place: string;
  readonly bytes: number;
  readonly packets: number;
  /** 32-bit counters. */
  readonly drops: number;
  readonly requeues: number;
  readonly overlimits: number;
  /** Waiting now. */
  readonly queueLength: number;
  readonly backlogBytes: number;
}

/** The queues of all interfaces of the namespace; anyone may read them. */
export function readQueueCounters(namespace: NamespaceName): QueueCounters[] {
  return withRoute(namespace, askQueueCounters);
}

/** As `readQueueCounters`, over a connection that is open already. */
export function askQueueCounters(connection: NetlinkConnection): QueueCounters[] {
  const names = readInterfaceNames(connection);
  const nested = new AttributeCursor(connection.buffer);
  const request = new NetlinkMessage(RTM_GETQDISC).u8(AF_UNSPEC).u8(0).u16(0).u32(0).u32(0).u32(0).u32(0);
  return readList(connection, request, "read queue counters", (reply, attributes) => {
    if (reply.type !== RTM_NEWQDISC) return undefined;
    let kind = "";
    let bytes = 0;
    let packets = 0;
    let queue: number[] = [];
    attributes.inMessage(reply, TCMSG);
    while (attributes.next()) {
      if (attributes.type === TCA_KIND) kind = attributes.text();
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
    const [queueLength = 0, backlogBytes = 0, drops = 0, requeues = 0, overlimits = 0] = queue;
    return {
      interface: names.get(reply.i32(4)) ?? `#${reply.i32(4)}`,
      kind,
      place: place(reply.u32(12)),
      bytes,
      packets,
      drops,
      requeues,
      overlimits,
      queueLength,
      backlogBytes,
    };
  });
}

/** A parent as tc(8) writes it: two hexadecimal numbers. */
function place(parent: number): string {
  if (parent === TC_H_ROOT) return "root";
  if (parent === TC_H_INGRESS) return "ingress";
  return `${(parent >>> 16).toString(16)}:${(parent & 0xffff).toString(16)}`;
}
