import type { Fault } from "../fault.ts";
import { CROWDED, crowd } from "../one-destination.ts";
import type { Scene } from "../scene.ts";

const [FIRST, LAST] = [20_000, 23_999];
const ADDRESSES = ["203.0.113.20", "203.0.113.21", "203.0.113.22", "203.0.113.23"];

/** Behind the gateway is another NAT: one source has everybody's connections, and with it one address of the pool. */
export const fault: Fault = {
  id: "pool-skew",
  title: "a NAT behind the gateway fills one address of a persistent pool",
  gateway: "none",
  plant: async (scene) => {
    ownPool(scene);
    scene.nft(`table ip campus {
      chain out {
        type nat hook postrouting priority srcnat;
        oifname "wan" meta l4proto udp snat to ${ADDRESSES[0]}-${ADDRESSES[3]}:${FIRST}-${LAST} persistent
      }
    }`);
    await crowd(scene, Math.round((LAST - FIRST + 1) * 0.97), ["10.64.1.9"]);
  },
  expect: (report) => {
    const words = JSON.stringify(report.findings.find(({ id }) => id === "pool-skew"));
    for (const part of [CROWDED.address, "10.64.1.9", "numgen random mod 4"]) {
      if (!words.includes(part)) return `the finding does not name ${part}`;
    }
    return undefined;
  },
};

/** The host has the addresses of the pool. */
export function ownPool(scene: Scene): void {
  for (const address of ADDRESSES) scene.run("gateway", "ip", "address", "add", `${address}/32`, "dev", "wan");
}
