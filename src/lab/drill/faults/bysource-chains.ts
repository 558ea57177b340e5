import { totalmem } from "node:os";
import { bucketsAtBoot } from "../../../plan/table.ts";
import type { Fault } from "../fault.ts";

/** A little more than chains of eight. */
const CHAIN = 8.2;
const BYTES_EACH = 512;
const CONNECTIONS = Math.ceil(bucketsAtBoot(totalmem()) * CHAIN);

/** Millions of connections; limit and buckets were raised for them, which the hash of source NAT does not follow. */
export const fault: Fault = {
  id: "bysource-chains",
  title: "eight times as many connections as source NAT's hash had buckets at boot",
  impossible: () =>
    totalmem() < CONNECTIONS * BYTES_EACH * 2 ? `${CONNECTIONS} connections need more memory than there is` : undefined,
  plant: async (scene) => {
    const room = Math.ceil(CONNECTIONS * 1.25);
    scene.lab.borrowLimits({ "net.netfilter.nf_conntrack_max": room, "net.netfilter.nf_conntrack_buckets": room });
    await scene.fillTable({ connections: CONNECTIONS });
  },
};
