import { readSysctl } from "../../kernel/sysctl.ts";
import { sendPackets } from "./packets.ts";
import type { Scene } from "./scene.ts";

const LIMIT = "net.ipv4.neigh.default.gc_thresh3";
/** Until the neighbour table is full; its limit is the host's, and is left alone. */
const FILL_MS = 1500;
/** More cannot be asked for in some seconds. */
const MOST = 50_000;

/** How long the traffic needs until the table is full, in milliseconds. */
export const CROWDING_MS = FILL_MS + 500;

/** Who asks for whom. */
export interface Crowd {
  readonly from: "inside" | "outside";
  /** The link that the hosts would be on, of that name at both ends, and the side there. */
  readonly link: { readonly name: "lan" | "wan"; readonly side: "inside" | "outside" };
  /** Of two octets; as many hosts follow as are needed. */
  readonly network: readonly [first: number, second: number];
  readonly source: (index: number) => string;
  readonly port: number;
}

/** Makes the network lie on the link, where nobody answers for it. */
export function lieOnLink(scene: Scene, { link, network }: Crowd): void {
  scene.sysctl(link.side, `net.ipv4.conf.${link.name}.arp_ignore`, 1);
  // Each goes on being asked for, and keeps its place, for as long as the doctor looks.
  scene.sysctl("gateway", `net.ipv4.neigh.${link.name}.mcast_solicit`, 12);
  scene.run("gateway", "ip", "route", "add", `${network.join(".")}.0.0/15`, "dev", link.name);
}

/** Asks for more hosts of the network than the neighbour table holds, until the signal. */
export async function askForMany(
  scene: Scene,
  { from, network, source, port }: Crowd,
  signal: AbortSignal,
): Promise<void> {
  const limit = Number(readSysctl(undefined, LIMIT) ?? 1024);
  // More than fit, and few enough to fit in four times the room.
  const hosts = Math.floor(limit * 1.5);
  const [first, second] = network;
  await sendPackets(
    scene,
    { side: from },
    (index) => {
      const host = index % hosts;
      return {
        source: source(index),
        destination: `${first}.${second + Math.floor(host / 62_500)}.${Math.floor(host / 250) % 250}.${1 + (host % 250)}`,
        content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: port },
      };
    },
    { perSecond: (limit * 1000) / FILL_MS, signal },
  );
}

/** Why the table cannot be filled on this machine; undefined: it can. */
export function tooRoomy(): string | undefined {
  const limit = readSysctl(undefined, LIMIT) ?? "0";
  return Number(limit) > MOST ? `the host may know ${limit} neighbours: too many to fill in some seconds` : undefined;
}
