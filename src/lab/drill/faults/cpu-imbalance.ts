import { availableParallelism } from "node:os";
import type { Fault } from "../fault.ts";

/** Everything that comes in is steered to one CPU, more than it can take. */
export const fault: Fault = {
  id: "cpu-imbalance",
  title: "all packets are steered to one CPU",
  plant: (scene) => {
    // The namespace has its interfaces only in a /sys of its own, which `ip netns exec` mounts.
    for (const link of ["lan", "wan"]) {
      const line = `echo 2 > /sys/class/net/${link}/queues/rx-0/rps_cpus`;
      scene.run("gateway", "ip", "netns", "exec", scene.gateway, "sh", "-c", line);
    }
  },
  traffic: async (scene, signal) => {
    for (let seed = 1; !signal.aborted; seed++) await scene.fillTable({ connections: 200_000, seed, signal });
  },
  impossible: () => (availableParallelism() > 1 ? undefined : "this machine has one CPU: there is no other to help it"),
};
