import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";

const [OLD, NEW] = ["10.64.9.77", "10.64.9.10"];

/** The forward leads to another server now, but those who keep sending are still sent to the old one, which is gone. */
export const fault: Fault = {
  id: "stale-entry",
  title: "a forward was given another server; connections go on to the old one",
  gateway: "none",
  plant: async (scene) => {
    scene.run("inside", "nft", "add table ip gone");
    scene.run("inside", "nft", "add chain ip gone in { type filter hook prerouting priority -300; }");
    scene.run("inside", "nft", `add rule ip gone in ip daddr ${OLD} drop`);
    scene.nft(forwardTo(OLD));
    await sendPackets(scene, { side: "outside" }, packet, {
      perSecond: 100,
      count: 10,
      signal: new AbortController().signal,
    });
    scene.nft(`delete table ip service\n${forwardTo(NEW)}`);
  },
  traffic: async (scene, signal) => {
    await sendPackets(scene, { side: "outside" }, packet, { perSecond: 20, signal });
  },
  expect: (report) => {
    const finding = report.findings.find(({ id }) => id === "stale-entry");
    return finding?.subject === "target" ? undefined : `the finding is about the ${finding?.subject}`;
  },
};

function forwardTo(server: string): string {
  return `table ip service {
    chain in { type nat hook prerouting priority dstnat; iifname "wan" udp dport 7 dnat to ${server}; }
  }`;
}

function packet(index: number): PacketFields {
  return {
    source: "198.51.100.9",
    destination: "203.0.113.2",
    content: { protocol: "udp", sourcePort: 6000 + (index % 10), destinationPort: 7 },
  };
}
