import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";
import { namesRule } from "../names-rule.ts";

const RULE = "-s 10.64.1.0/24 -d 198.51.100.0/24 -p udp -j REJECT --reject-with icmp-port-unreachable";

/** An old script still loads its rules with iptables-legacy, where nft does not show them. */
export const fault: Fault = {
  id: "rule-drop",
  title: "a rule of iptables-legacy rejects what inside hosts send",
  plant: (scene) => void scene.run("gateway", "iptables-legacy", "-A", "FORWARD", ...RULE.split(" ")),
  traffic: (scene, signal) => sendUdp(scene, signal),
  expect: namesRule(/^rule 1 of chain FORWARD in table filter of iptables-legacy$/, RULE),
};
