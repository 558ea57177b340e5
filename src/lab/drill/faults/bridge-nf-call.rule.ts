import { plantBridge, sendOverBridge } from "../bridge.ts";
import type { Fault } from "../fault.ts";

/** A bridge without an address of the gateway, and a rule of nft that means routed packets. */
export const fault: Fault = {
  id: "bridge-nf-call",
  title: "a forward rule of nft drops what a bridge passes from port to port",
  plant: (scene) => {
    plantBridge(scene);
    scene.nft(`table inet site {
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state { established, related } accept
    iifname != "lan" counter reject
  }
}`);
  },
  traffic: sendOverBridge,
};
