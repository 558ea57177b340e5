import { connectsTooMuch, expectRefused } from "../too-much.ts";
import type { Fault } from "../fault.ts";
import { DRILL_GATEWAY } from "../scene.ts";

const LIMIT = 50;

/** A subscriber has all the connections it may have, and begins more. */
export const fault: Fault = {
  id: "subscriber-limit",
  title: "a subscriber has as many connections as the gateway file lets it",
  gateway: `${DRILL_GATEWAY}limits: { per-subscriber: { connections: ${LIMIT} } }\n`,
  plant: () => undefined,
  traffic: (scene, signal) => connectsTooMuch(scene, signal),
  expect: expectRefused("limits.per-subscriber.connections", `per-subscriber: { connections: ${LIMIT * 2} }`),
};
