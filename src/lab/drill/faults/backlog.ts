import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";
import { steerToOneCpu, whyNotSteered } from "../one-cpu.ts";

const LIMIT = "net.core.netdev_max_backlog";

/** Bursts are steered to one CPU, whose queue is too short for them. */
export const fault: Fault = {
  id: "backlog",
  title: "one CPU gets more packets than its queue holds",
  plant: async (scene) => {
    steerToOneCpu(scene, "lan");
    await holdLow(scene, LIMIT, 100);
  },
  traffic: async (scene, signal) => {
    // Twenty bursts a second: too long for the short queue, not for an ordinary one.
    while (!signal.aborted) await scene.fillTable({ connections: 80_000, rate: 30_000, signal });
  },
  impossible: whyNotSteered,
};
