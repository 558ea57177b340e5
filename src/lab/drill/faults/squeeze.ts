import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";

const BUDGET = "net.core.netdev_budget";

/** The kernel may handle one packet in a round: it leaves others waiting again and again. */
export const fault: Fault = {
  id: "squeeze",
  title: "the budget of packets in a round is far too small",
  plant: async (scene) => {
    await holdLow(scene, BUDGET, 1);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 200_000, rate: 20_000, signal });
  },
};
