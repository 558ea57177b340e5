import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";
import { silence } from "../silence.ts";

const GONE = "203.0.113.50";

/** The address has changed, and the rule still names the old one: nothing is ever answered. */
export const fault: Fault = {
  id: "outside-address-changed",
  title: "a rule still translates to the address the host had before",
  gateway: "none",
  plant: (scene) => {
    // What goes to the old address ends with somebody else.
    silence(scene, "198.51.100.0/24");
    scene.run("gateway", "iptables", ..."-t nat -A POSTROUTING -o wan -j SNAT --to-source".split(" "), GONE);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 50)}`,
        destination: `198.51.100.${1 + (index % 200)}`,
        content: { protocol: "udp", sourcePort: 5000 + (index % 500), destinationPort: 53 },
      }),
      { perSecond: 100, signal },
    );
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "outside-address-changed");
    const command = finding?.fixes[0]?.commands?.[0];
    const right = "iptables -t nat -R POSTROUTING 1 -o wan -j SNAT --to-source 203.0.113.2";
    return command === right ? undefined : `the fix is ${command}`;
  },
};
