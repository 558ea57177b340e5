import type { Fault } from "../fault.ts";
import { readSysctl, writeSysctl } from "../../../kernel/sysctl.ts";

const LIMIT = "net.netfilter.nf_conntrack_max";
/** Many, so that no other namespace of the machine reaches the limit meanwhile. */
const CONNECTIONS = 20_000;

/** More connections than the table may hold, none of which may be thrown out. */
export const fault: Fault = {
  id: "table-full",
  title: "the connection table is at its limit, and more connections come",
  plant: async (scene) => {
    await scene.fillTable({ connections: CONNECTIONS, assured: true });
    const before = readSysctl(undefined, LIMIT) ?? "";
    scene.undo(() => writeSysctl(undefined, LIMIT, before));
    writeSysctl(undefined, LIMIT, String(CONNECTIONS));
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, seed: 2, rate: 2000, signal });
  },
};
