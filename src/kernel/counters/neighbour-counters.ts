import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { AF_UNSPEC, readList, withRoute } from "../route/rtnetlink.ts";
import { readU32s, readU64s } from "./u64.ts";

const RTM_NEWNEIGHTBL = 64;
const RTM_GETNEIGHTBL = 66;
/** Bytes of struct ndtmsg. */
const NDTMSG = 4;
const NDTA_NAME = 1;
const NDTA_THRESH1 = 2;
const NDTA_THRESH2 = 3;
const NDTA_THRESH3 = 4;
const NDTA_CONFIG = 5;
const NDTA_STATS = 7;

/** A neighbour table of the host; all network namespaces share it. Counters have 64 bits. */
export interface NeighbourTable {
  /** `arp_cache` for IPv4, `ndisc_cache` for IPv6. */
  readonly name: string;
  /** Entries now, of all namespaces. */
  readonly entries: number;
  /** gc_thresh1 to gc_thresh3: above the last no entry can be made. */
  readonly thresholds: readonly [number, number, number];
  /** Addresses that did not answer. */
  readonly resolveFailed: number;
  /** Times the table had to be swept at once because it was over a threshold. */
  readonly forcedGcRuns: number;
  /** Entries refused because the table was full. */
  readonly tableFulls: number;
}

/** The host's neighbour tables, from any namespace and without root. */
export function readNeighbourTables(namespace: NamespaceName): NeighbourTable[] {
  return withRoute(namespace, askNeighbourTables);
}

/** As `readNeighbourTables`, over a connection that is open already. */
export function askNeighbourTables(connection: NetlinkConnection): NeighbourTable[] {
  const request = new NetlinkMessage(RTM_GETNEIGHTBL).u8(AF_UNSPEC).u8(0).u16(0);
  return readList(connection, request, "read neighbour tables", (reply, attributes) => {
    if (reply.type !== RTM_NEWNEIGHTBL) return undefined;
    let name = "";
    let entries = 0;
    const thresholds: [number, number, number] = [0, 0, 0];
    let counters: number[] | undefined;
    attributes.inMessage(reply, NDTMSG);
    while (attributes.next()) {
      const type = attributes.type;
      if (type === NDTA_NAME) name = attributes.text();
      else if (type === NDTA_THRESH1 || type === NDTA_THRESH2 || type === NDTA_THRESH3) {
        thresholds[type - NDTA_THRESH1] = attributes.u32();
      } else if (type === NDTA_CONFIG) entries = readU32s(attributes.copy())[1] ?? 0;
      else if (type === NDTA_STATS) counters = readU64s(attributes.copy());
    }
    // The dump goes on with the settings of each interface, which count nothing.
    if (counters === undefined) return undefined;
    return {
      name,
      entries,
      thresholds,
      resolveFailed: counters[3] ?? 0,
      forcedGcRuns: counters[9] ?? 0,
      tableFulls: counters[10] ?? 0,
    };
  });
}
