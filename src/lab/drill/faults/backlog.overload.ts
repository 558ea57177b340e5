import type { Fault } from "../fault.ts";
import { steerToOneCpu, whyNotSteered } from "../one-cpu.ts";

/** More connections than one CPU can begin, steered to it: its queue, long as it is, stays full. */
export const fault: Fault = {
  id: "backlog",
  title: "more packets are steered to one CPU than it can handle",
  plant: (scene) => steerToOneCpu(scene, "lan"),
  traffic: async (scene, signal) => {
    // The same ones again and again: others would fill the table.
    while (!signal.aborted) await scene.fillTable({ connections: 80_000, signal });
  },
  // More room does not help who is overloaded all the time.
  fixable: false,
  impossible: whyNotSteered,
};
