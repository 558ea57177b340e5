import type { Fault } from "../fault.ts";
import { ECHO_PORT } from "../../services/service-ports.ts";
import { sendPackets } from "../packets.ts";

/** What comes from inside is in zone 5, what comes from outside in zone 0. */
export const fault: Fault = {
  id: "zones",
  title: "a rule puts what comes from inside, but not its answers, into another conntrack zone",
  gateway: "none",
  plant: (scene) =>
    scene.nft(`table inet tenants {
      chain raw { type filter hook prerouting priority raw; iifname "lan" ct zone set 5; }
      chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
    }`),
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 50)}`,
        destination: "198.18.0.7",
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: ECHO_PORT },
      }),
      { perSecond: 50, signal },
    );
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "zones");
    return finding?.summary.includes("zone 0") === true ? undefined : `it says: ${finding?.summary}`;
  },
};
