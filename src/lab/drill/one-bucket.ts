import { formatIpv4 } from "../../address/ipv4.ts";
import { scanConntrack } from "../../kernel/conntrack/scan.ts";
import { readSlabCache } from "../../kernel/slab.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "../error.ts";
import { holdLow } from "./low-limit.ts";
import type { PacketFields } from "./packets.ts";
import type { Scene } from "./scene.ts";

const BUCKETS = "net.netfilter.nf_conntrack_buckets";
/** More than others have in common with us: their chains would grow. */
const MOST_OF_OTHERS = 60_000;
const PATIENCE_MS = 60_000;
const STEP_MS = 200;

/**
 * Finds connections that fall into a few neighbouring buckets, without the key of the hash: the kernel lists connections
 * bucket by bucket, and a smaller hash puts neighbours of a larger one together. Out of `candidates`, `wanted` that
 * follow each other; they are not in the table any more afterwards.
 */
export async function findNeighbours(scene: Scene, candidates: number, wanted: number): Promise<PacketFields[]> {
  await scene.fillTable({ connections: candidates });
  const first = Math.floor(candidates / 2);
  const found: PacketFields[] = [];
  let number = 0;
  scanConntrack(scene.gateway, { family: 2 }, ({ original }) => {
    if (number++ < first) return true;
    found.push({
      source: formatIpv4(original.source),
      destination: formatIpv4(original.destination),
      content: { protocol: "udp", sourcePort: original.sourcePort, destinationPort: original.destinationPort },
    });
    return found.length < wanted;
  });
  scene.run("gateway", "conntrack", "-F");
  return found;
}

/** Gives the host's hash so few buckets for as long as the scene lives, once nobody else has many connections. */
export async function holdFewBuckets(scene: Scene, buckets: number, own: number): Promise<void> {
  const patient = performance.now() + PATIENCE_MS;
  // The cache of connections is the whole host's.
  while ((readSlabCache("nf_conntrack")?.objects ?? 0) - own > MOST_OF_OTHERS) {
    if (performance.now() > patient) {
      throw new LabError("limit-in-use", "others on this host have many connections", "try again when they have fewer");
    }
    await sleep(STEP_MS);
  }
  await holdLow(scene, BUCKETS, buckets);
}
