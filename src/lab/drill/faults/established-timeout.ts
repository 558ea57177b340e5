import type { Fault } from "../fault.ts";

const ESTABLISHED = "net.netfilter.nf_conntrack_tcp_timeout_established";
/** A fifth of the usual limit, and more. */
const CONNECTIONS = 60_000;
const FIVE_DAYS = 432_000;

/** TCP connections that nobody has used for days, and that stay for five. */
export const fault: Fault = {
  id: "established-timeout",
  title: "TCP connections idle for days, with the kernel's own timeout",
  plant: async (scene) => {
    // Idle is what has less left than a packet would give it.
    scene.sysctl("gateway", ESTABLISHED, 7440);
    await scene.fillTable({ connections: CONNECTIONS, protocol: "tcp" });
    scene.sysctl("gateway", ESTABLISHED, FIVE_DAYS);
  },
};
