import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";

const LIMIT = "net.netfilter.nf_conntrack_max";
/** Many, so that no other namespace of the host reaches the limit meanwhile. */
const CONNECTIONS = 20_000;

/** A table full of UDP conversations, none of which may be thrown out. */
export const fault: Fault = {
  id: "full-of-assured",
  title: "the table is full of connections with traffic both ways, and more come",
  plant: async (scene) => {
    await scene.fillTable({ connections: CONNECTIONS, assured: true });
    await holdLow(scene, LIMIT, CONNECTIONS);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, seed: 2, rate: 2000, signal });
  },
  expect: ({ findings }) =>
    findings.some(({ id, severity }) => id === "full-of-assured" && severity === "loss")
      ? undefined
      : "packets are lost, and it does not say so",
};
