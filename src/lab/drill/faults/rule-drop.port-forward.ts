import type { Fault } from "../fault.ts";
import { namesRule } from "../names-rule.ts";
import { sendPackets } from "../packets.ts";

/** A firewall's own forward rules do not know of the port forward. */
export const fault: Fault = {
  id: "rule-drop",
  title: "a firewall's forward chain drops what a port forward lets in",
  plant: (scene) =>
    scene.nft(`table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state { established, related } accept
    iifname "lan" accept
    ip saddr 192.0.2.0/24 accept
    reject with icmpx admin-prohibited
  }
}`),
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "outside" },
      (index) => ({
        source: `198.51.100.${1 + (index % 50)}`,
        destination: "203.0.113.2",
        content: { protocol: "tcp", flags: "S", sourcePort: 20_000 + (index % 5000), destinationPort: 8080 },
      }),
      { perSecond: 100, signal },
    );
  },
  expect: namesRule(/^rule handle \d+ of chain inet firewalld filter_FORWARD \(written by firewalld\)$/, /^reject/),
};
