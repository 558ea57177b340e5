import type { Fault } from "../fault.ts";
import { sendUdp } from "../packets.ts";
import { namesRule } from "../names-rule.ts";

/** A hand-written nft rule for something else fits the inside hosts' packets as well, and does not count. */
export const fault: Fault = {
  id: "rule-drop",
  title: "an nft rule without a counter drops what inside hosts send",
  plant: (scene) =>
    scene.nft(`table inet office {
  chain blocked { udp dport 1-1023 drop; }
  chain forward {
    type filter hook forward priority -10; policy accept;
    tcp dport 25 counter drop
    iifname "lan" jump blocked
  }
}`),
  traffic: (scene, signal) => sendUdp(scene, signal),
  expect: namesRule(/^rule handle \d+ of chain inet office blocked$/, "udp dport 1-1023 drop"),
};
