import type { Fault } from "../fault.ts";
import { findNeighbours, holdFewBuckets } from "../one-bucket.ts";
import { sendPackets, type PacketFields } from "../packets.ts";

/** A bucket's part of the candidates is 59; of these there are some seven buckets' worth in three and a half. */
const BUCKETS = 4096;
const CANDIDATES = 480_000;
const NEIGHBOURS = 400;
const PER_SECOND = 2000;

let neighbours: readonly PacketFields[] = [];

/** Connections that all fall into the same few buckets, as an attacker who knew the key of the hash would choose them. */
export const fault: Fault = {
  id: "chains-too-long",
  title: "hundreds of connections fall into three buckets",
  plant: async (scene) => {
    scene.lab.borrowLimits({ "net.netfilter.nf_conntrack_max": CANDIDATES * 1.2 });
    neighbours = await findNeighbours(scene, CANDIDATES, NEIGHBOURS);
    await holdFewBuckets(scene, BUCKETS, 0);
  },
  traffic: async (scene, signal) => {
    const packet = (index: number): PacketFields | readonly PacketFields[] =>
      neighbours[index % neighbours.length] ?? [];
    await sendPackets(scene, { side: "inside" }, packet, { perSecond: PER_SECOND, signal });
  },
  expect: ({ findings }) =>
    findings.some(({ id, severity }) => id === "chains-too-long" && severity === "loss")
      ? undefined
      : "connections are refused, and it does not say so",
  fixable: true,
};
