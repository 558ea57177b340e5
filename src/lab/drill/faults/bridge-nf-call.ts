import { plantBridge, sendOverBridge } from "../bridge.ts";
import type { Fault } from "../fault.ts";

/** Docker was installed beside virtual machines on a bridge: its policy for FORWARD cuts them off from each other. */
export const fault: Fault = {
  id: "bridge-nf-call",
  title: "iptables' policy drops what two hosts on one bridge send each other",
  plant: (scene) => {
    plantBridge(scene, "172.30.0.1");
    scene.run("gateway", "iptables-nft", "-A", "FORWARD", "-i", "lan", "-j", "ACCEPT");
    scene.run("gateway", "iptables-nft", "-P", "FORWARD", "DROP");
  },
  traffic: sendOverBridge,
};
