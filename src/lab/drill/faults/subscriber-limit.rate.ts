import { connectsTooMuch, expectRefused, GREEDY } from "../too-much.ts";
import type { Fault } from "../fault.ts";
import { DRILL_GATEWAY } from "../scene.ts";

/** A subscriber of a group begins connections faster than the group's limit. */
export const fault: Fault = {
  id: "subscriber-limit",
  title: "a subscriber of a group begins connections faster than it may",
  gateway: `${DRILL_GATEWAY}limits:
  groups: [{ name: lab-a, members: ${GREEDY}, per-subscriber: { new-connections: 10/s } }]
`,
  plant: () => undefined,
  traffic: (scene, signal) => connectsTooMuch(scene, signal),
  expect: expectRefused(
    "per-subscriber.new-connections of group lab-a in limits",
    "per-subscriber: { new-connections: 20/s }",
  ),
};
