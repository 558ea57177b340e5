import type { Fault } from "../fault.ts";

const CONNECTIONS = 60_000;

/** UDP that has long ended keeps its entries for a day. */
export const fault: Fault = {
  id: "udp-timeouts",
  title: "UDP timeouts so long that the table fills with what has ended",
  plant: async (scene) => {
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout", 300);
    await scene.fillTable({ connections: CONNECTIONS });
    // Idle is what has less left than a packet would give it.
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout", 86_400);
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout_stream", 86_400);
  },
};
