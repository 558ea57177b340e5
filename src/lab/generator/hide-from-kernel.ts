import { formatIpv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { runNft } from "../../kernel/nftables.ts";
import type { EngineSetup } from "./engine.ts";
import { IPPROTO_TCP, PAYLOAD_MAGIC, TCP_TOTAL_LENGTH, TCP_WINDOW, UDP_LENGTH } from "./frame.ts";

const TABLE = "meganat-generator";

/**
 * Packet sockets see frames beside the kernel's IP, not in place of it: without this it would answer each of ours a
 * second time, with a port unreachable or a reset. Only the generator's packets match, by length and by what is in
 * them. Gives what takes the rules away again.
 */
export function hideFromKernel({ set, protocol, inside, outside }: EngineSetup): () => void {
  const prefix = `${formatIpv4(set.firstDestination)}/${32 - Math.log2(set.destinations)}`;
  const ours =
    protocol === IPPROTO_TCP
      ? `ip length ${TCP_TOTAL_LENGTH} tcp window ${TCP_WINDOW}`
      : `udp length ${UDP_LENGTH} @th,64,32 ${PAYLOAD_MAGIC}`;
  dropBeforeRouting(outside.namespace, `ip daddr ${prefix} ${ours}`);
  try {
    dropBeforeRouting(inside.namespace, `ip saddr ${prefix} ${ours}`);
  } catch (error) {
    removeTable(outside.namespace);
    throw error;
  }
  return () => {
    removeTable(outside.namespace);
    removeTable(inside.namespace);
  };
}

/** Adding before deleting: the table may be there, left by a fill that was killed, or not. */
function dropBeforeRouting(namespace: NamespaceName, match: string): void {
  runNft(
    namespace,
    `add table ip ${TABLE}
delete table ip ${TABLE}
table ip ${TABLE} {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ${match} drop
  }
}
`,
  );
}

function removeTable(namespace: NamespaceName): void {
  runNft(namespace, `delete table ip ${TABLE}\n`);
}
