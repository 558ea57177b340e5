import type { Fault } from "../fault.ts";
import { crowd, subscribers } from "../one-destination.ts";
import { ownPool } from "./pool-skew.ts";

const PORTS = 4000;

/** A map chooses the address by the destination, so that everybody's connections to one server have the same. */
export const fault: Fault = {
  id: "pool-skew",
  title: "a map chooses the pool's address by the destination",
  gateway: "none",
  plant: async (scene) => {
    ownPool(scene);
    const elements = [20, 21, 22, 23].map((last, i) => `${i} : 203.0.113.${last} . 20000-${19_999 + PORTS}`).join(", ");
    scene.nft(`table ip campus {
      chain out {
        type nat hook postrouting priority srcnat;
        oifname "wan" meta l4proto { tcp, udp } snat ip to jhash ip daddr mod 4 seed 0x7 map { ${elements} }
      }
    }`);
    await crowd(scene, Math.round(PORTS * 0.9), subscribers(300));
  },
};
