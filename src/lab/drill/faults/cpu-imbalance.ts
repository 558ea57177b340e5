import type { Fault } from "../fault.ts";
import { steerToOneCpu, whyNotSteered } from "../one-cpu.ts";

/** Everything that comes in is steered to one CPU, more than it can take. */
export const fault: Fault = {
  id: "cpu-imbalance",
  title: "all packets are steered to one CPU",
  plant: (scene) => steerToOneCpu(scene, "lan", "wan"),
  traffic: async (scene, signal) => {
    // The same ones again and again: others would fill the table.
    while (!signal.aborted) await scene.fillTable({ connections: 80_000, signal });
  },
  settle: 1500,
  seconds: 3,
  impossible: whyNotSteered,
};
