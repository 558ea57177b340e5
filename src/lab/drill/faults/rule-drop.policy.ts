import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";
import { namesRule } from "../names-rule.ts";

/** Docker sets the policy of FORWARD to drop: whoever forwarded before is cut off. */
export const fault: Fault = {
  id: "rule-drop",
  title: "the policy of iptables' FORWARD chain is drop",
  plant: (scene) => {
    scene.run("gateway", "iptables-nft", "-A", "FORWARD", "-i", "docker0", "-j", "ACCEPT");
    scene.run("gateway", "iptables-nft", "-P", "FORWARD", "DROP");
  },
  traffic: (scene, signal) => sendUdp(scene, signal),
  expect: namesRule(/^policy drop of chain FORWARD in table filter of iptables-nft$/, "policy drop"),
};
