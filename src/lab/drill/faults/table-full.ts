import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";

const LIMIT = "net.netfilter.nf_conntrack_max";
/** Many, so that no other namespace of the host reaches the limit meanwhile. */
const CONNECTIONS = 20_000;

/** More connections than the table may hold: some make room by going, for others none is found. */
export const fault: Fault = {
  id: "table-full",
  title: "the connection table is at its limit, and more connections come",
  plant: async (scene) => {
    // Nobody answers, so that they may be thrown out; and they last.
    scene.run("outside", "nft", "add table ip quiet");
    scene.run("outside", "nft", "add chain ip quiet in { type filter hook prerouting priority raw; policy drop; }");
    await scene.fillTable({ connections: CONNECTIONS });
    await holdLow(scene, LIMIT, CONNECTIONS);
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, seed: 2, rate: 2000, signal });
  },
};
