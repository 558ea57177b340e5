import type { NamespaceName } from "../kernel/namespace.ts";
import { runNft } from "../kernel/nftables.ts";

/** A table of our own beside the gateway's, so that neither has to know of the other. */
const TABLE = "inet meganat-clamp";

/** The rules that clamp the segment size of every TCP connection to what its route can take, both ways. */
export const CLAMP_SCRIPT = `table ${TABLE} {
  chain forward {
    type filter hook forward priority mangle; policy accept;
    tcp flags & (syn | rst) == syn counter tcp option maxseg size set rt mtu
  }
}
`;

/** Begins to clamp; twice is as once. */
export function clampSegmentSize(namespace: NamespaceName): void {
  runNft(namespace, `add table ${TABLE}\ndelete table ${TABLE}\n${CLAMP_SCRIPT}`);
}

/** Ends it. */
export function leaveSegmentSize(namespace: NamespaceName): void {
  runNft(namespace, `add table ${TABLE}\ndelete table ${TABLE}\n`);
}
