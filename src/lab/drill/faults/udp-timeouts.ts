import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

/** UDP is forgotten before the other end has answered. */
export const fault: Fault = {
  id: "udp-timeouts",
  title: "UDP timeouts so short that answers come too late",
  plant: async (scene) => {
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout", 5);
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout_stream", 10);
    await scene.fillTable({ connections: 1000 });
  },
  traffic: async (scene, signal) => {
    // What a server sends to clients whose entry has gone.
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: `198.51.100.${1 + (index % 200)}`,
        destination: `203.0.113.${10 + (index % 4)}`,
        content: { protocol: "udp", sourcePort: 443, destinationPort: 20_000 + (index % 40_000) },
      }),
      { perSecond: 100, signal },
    );
  },
  expect: ({ findings }) =>
    findings.some(({ id, severity }) => id === "udp-timeouts" && severity === "degraded")
      ? undefined
      : "the answers that come too late are not seen",
};
