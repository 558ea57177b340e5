import type { Fault } from "../fault.ts";
import { holdFewBuckets } from "../one-bucket.ts";

const CONNECTIONS = 60_000;
/** Fifteen in a chain: slow, and far from what the kernel refuses. */
const BUCKETS = 8192;

/** A limit that was raised without the buckets. */
export const fault: Fault = {
  id: "chains-too-long",
  title: "many more connections than buckets",
  plant: async (scene) => {
    await scene.fillTable({ connections: CONNECTIONS });
    await holdFewBuckets(scene, BUCKETS, CONNECTIONS);
  },
};
