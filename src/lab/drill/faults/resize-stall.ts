import { setTimeout as sleep } from "node:timers/promises";
import { readSysctl } from "../../../kernel/sysctl.ts";
import type { Fault } from "../fault.ts";

const BUCKETS = "net.netfilter.nf_conntrack_buckets";
const CONNECTIONS = 100_000;
/** A little more: it is the moving that counts. The kernel takes whole pages of them. */
const MORE = 4096;
/** The doctor has begun to look by then. */
const LATER_MS = 1500;

/** The buckets are changed while the doctor looks. */
export const fault: Fault = {
  id: "resize-stall",
  title: "nf_conntrack_buckets is written while connections are there",
  plant: async (scene) => {
    await scene.fillTable({ connections: CONNECTIONS });
  },
  traffic: async (scene, signal) => {
    await sleep(LATER_MS, undefined, { signal });
    scene.lab.borrowLimits({ [BUCKETS]: Number(readSysctl(undefined, BUCKETS)) + MORE });
  },
};
