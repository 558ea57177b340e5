import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";
import { sendPackets } from "../packets.ts";

const LIMIT = "net.netfilter.nf_conntrack_expect_max";
/** Nobody else on the machine expects so many. */
const ROOM = 64;

/** Requests of TFTP: each makes its helper expect the answer, from another port. */
export const fault: Fault = {
  id: "expectation-table",
  title: "more TFTP transfers begin than the table of expected connections holds",
  plant: async (scene) => {
    await holdLow(scene, LIMIT, ROOM);
    scene.nft(`table ip helpers {
      ct helper tftp { type "tftp" protocol udp; }
      chain prerouting { type filter hook prerouting priority 0; udp dport 69 ct helper set "tftp"; }
    }`);
  },
  traffic: async (scene, signal) => {
    const request = Buffer.from("\0\x01config.bin\0octet\0", "latin1");
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: "198.51.100.9",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: 69, data: request },
      }),
      { perSecond: 100, signal },
    );
  },
  settle: 1000,
};
