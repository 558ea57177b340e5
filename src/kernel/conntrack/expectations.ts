import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { NFGENMSG, nfnetlinkMessage } from "../netlink/nfnetlink.ts";
import { AF_UNSPEC } from "./attributes.ts";
import { withConntrack } from "./ctnetlink.ts";

const NFNL_SUBSYS_CTNETLINK_EXP = 2;
const EXP_GET = 1;
const EXP_GET_STATS_CPU = 3;
const NAMES = ["unspecified", "new", "create", "delete"] as const;

/** Connections that helpers (FTP, SIP) expect: how many now, and 32-bit counters by CPU. */
export interface Expectations {
  readonly count: number;
  readonly new: readonly number[];
  readonly create: readonly number[];
  readonly delete: readonly number[];
}

/** Reads the namespace's expectations; their list is short: nf_conntrack_expect_max is a few thousand. */
export function readExpectations(namespace: NamespaceName): Expectations {
  return withConntrack(namespace, askExpectations);
}

/** As `readExpectations`, over a connection that is open already. */
export function askExpectations(connection: NetlinkConnection): Expectations {
  const attributes = new AttributeCursor(connection.buffer);
  const counters = { new: [] as number[], create: [] as number[], delete: [] as number[] };
  let count = 0;
  const list = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK_EXP, EXP_GET, AF_UNSPEC);
  connection.dump(list, "list expectations", () => (count += 1));
  const statistics = nfnetlinkMessage(NFNL_SUBSYS_CTNETLINK_EXP, EXP_GET_STATS_CPU, AF_UNSPEC);
  connection.dump(statistics, "read expectation statistics", (reply) => {
    attributes.inMessage(reply, NFGENMSG);
    while (attributes.next()) {
      const name = NAMES[attributes.type];
      if (name !== undefined && name !== "unspecified") counters[name].push(attributes.u32be());
    }
  });
  return { count, ...counters };
}
