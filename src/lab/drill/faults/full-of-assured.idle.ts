import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";

const LIMIT = "net.netfilter.nf_conntrack_max";
const ESTABLISHED = "net.netfilter.nf_conntrack_tcp_timeout_established";
const CONNECTIONS = 20_000;
const DAYS = 432_000;

/** A table full of TCP connections that were left open days ago. */
export const fault: Fault = {
  id: "full-of-assured",
  title: "the table is full of TCP connections idle for days",
  plant: async (scene) => {
    // Idle is what has less left than a packet would give it.
    scene.sysctl("gateway", ESTABLISHED, 7440);
    await scene.fillTable({ connections: CONNECTIONS, protocol: "tcp" });
    scene.sysctl("gateway", ESTABLISHED, DAYS);
    await holdLow(scene, LIMIT, CONNECTIONS);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, seed: 2, rate: 2000, signal });
  },
  expect: ({ findings }) => {
    const safe = findings.find(({ id }) => id === "full-of-assured")?.fixes[0]?.safe ?? [];
    return safe.some((one) => one.kind === "sysctl" && one.name === ESTABLISHED)
      ? undefined
      : "the timeout is not among what it would change";
  },
};
