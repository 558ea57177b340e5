import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import { logFromLab } from "./log-flood.ts";

/** Broken packets are logged, and come in masses: SYN and FIN at once, as scanners send them. */
export const fault: Fault = {
  id: "log-flood",
  title: "connection tracking logs invalid packets, and many come",
  plant: (scene) => {
    logFromLab(scene);
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_log_invalid", 255);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: "198.51.100.9",
        content: { protocol: "tcp", flags: "SF", sourcePort: 20_000 + (index % 20_000), destinationPort: 443 },
      }),
      { perSecond: 60, signal },
    );
  },
};
