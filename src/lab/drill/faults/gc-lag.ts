import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";

const LASTING = 5000;
const LIMIT = 20_000;
const SHORT_PER_SECOND = 20_000;
const MOST = 1_000_000;

/** Many connections whose time is up at once, among others that last: the kernel comes round once a minute. */
export const fault: Fault = {
  id: "gc-lag",
  title: "connections expire faster than the kernel removes them",
  settle: 4000,
  plant: async (scene) => {
    // How long the kernel waits for its next round is the mean of the times left.
    await scene.fillTable({ connections: LASTING });
    scene.sysctl("gateway", "net.netfilter.nf_conntrack_tcp_timeout_established", 0);
    await holdLow(scene, "net.netfilter.nf_conntrack_max", LIMIT);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: MOST, protocol: "tcp", rate: SHORT_PER_SECOND, seed: 2, signal });
  },
};
