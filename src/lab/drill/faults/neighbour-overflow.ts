import { readSysctl } from "../../../kernel/sysctl.ts";
import type { Fault } from "../fault.ts";
import { sendPackets } from "../packets.ts";

const LIMIT = "net.ipv4.neigh.default.gc_thresh3";
/** Until the table is full; the limit is the host's, and is left alone. */
const FILL_MS = 1500;

/** A scan of a network on the link: more neighbours at once than the host may know. */
export const fault: Fault = {
  id: "neighbour-overflow",
  title: "more hosts on the link are asked for than the neighbour table holds",
  plant: (scene) => {
    scene.sysctl("outside", "net.ipv4.conf.wan.arp_ignore", 1);
    // Each goes on being asked for, and keeps its place, for as long as the doctor looks.
    scene.sysctl("gateway", "net.ipv4.neigh.wan.mcast_solicit", 12);
    scene.run("gateway", "ip", "route", "add", "198.18.0.0/15", "dev", "wan");
  },
  traffic: async (scene, signal) => {
    const limit = Number(readSysctl(undefined, LIMIT) ?? 1024);
    // More than fit, and few enough to fit in four times the room.
    const hosts = Math.floor(limit * 1.5);
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => ({
        source: `10.64.1.${1 + (index % 200)}`,
        destination: `198.${18 + Math.floor((index % hosts) / 62_500)}.${Math.floor((index % hosts) / 250) % 250}.${1 + ((index % hosts) % 250)}`,
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: 53 },
      }),
      { perSecond: (limit * 1000) / FILL_MS, signal },
    );
  },
  settle: FILL_MS + 500,
  impossible: () =>
    Number(readSysctl(undefined, LIMIT) ?? 0) > 50_000
      ? `the host may know ${readSysctl(undefined, LIMIT)} neighbours: too many to fill in some seconds`
      : undefined,
};
