import type { Fault } from "../fault.ts";
import { steerToOneCpu, whyNotSteered } from "../one-cpu.ts";

/** Everything that comes in is steered to one CPU, more than it can take. */
export const fault: Fault = {
  id: "cpu-imbalance",
  title: "all packets are steered to one CPU",
  plant: (scene) => steerToOneCpu(scene, "lan", "wan"),
  traffic: async (scene, signal) => {
    for (let seed = 1; !signal.aborted; seed++) await scene.fillTable({ connections: 200_000, seed, signal });
  },
  settle: 1500,
  seconds: 3,
  impossible: whyNotSteered,
};
