import { setTimeout as sleep } from "node:timers/promises";
import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import { parseIpv4Prefix, prefixContains } from "../../address/ipv4-prefix.ts";
import { KernelError } from "../../kernel/error.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { listLinks, type LinkInfo } from "../../kernel/route/link.ts";
import { listNeighbours } from "../../kernel/route/neighbour.ts";
import { resolveNeighbour } from "../../kernel/route/resolve-neighbour.ts";
import { listRoutes } from "../../kernel/route/route.ts";
import type { LinkEnds } from "./frame.ts";

const ARP_TRIES = 20;
const ARP_WAIT_MS = 50;

/** The inside end of the link to the gateway. */
export interface InsideEnd {
  readonly namespace: NamespaceName;
  readonly interface: string;
  /** With colons; found by the route to the destinations if left out. */
  readonly gatewayMac?: string;
}

/** Finds the interface and both hardware addresses of the link between the subscribers and the gateway. */
export async function findLinkEnds(
  inside: InsideEnd,
  destination: number,
): Promise<LinkEnds & { readonly index: number }> {
  const link = requireLink(inside.namespace, inside.interface);
  const mac = inside.gatewayMac ?? (await findGatewayMac(inside, destination));
  return { index: link.index, own: macBytes(link.mac), gateway: macBytes(mac) };
}

/** The interface, or `kernel-not-found`. */
export function requireLink(namespace: NamespaceName, name: string): LinkInfo {
  const link = listLinks(namespace).find((candidate) => candidate.name === name);
  if (link === undefined) throw notFound(`find interface ${name}`, "there is none of that name in the namespace");
  return link;
}

/** The next hop towards the destination, asked by ARP if the kernel does not know it yet. */
async function findGatewayMac(inside: InsideEnd, destination: number): Promise<string> {
  const address = formatIpv4(findNextHop(inside, destination));
  for (let attempt = 0; attempt < ARP_TRIES; attempt++) {
    const known = listNeighbours(inside.namespace).find(
      (neighbour) => neighbour.interface === inside.interface && neighbour.address === address,
    );
    if (known?.mac !== undefined && known.mac !== "") return known.mac;
    resolveNeighbour(inside.namespace, { interface: inside.interface, address });
    await sleep(ARP_WAIT_MS);
  }
  throw notFound(`find the gateway's hardware address on ${inside.interface}`, `${address} does not answer ARP`);
}

function findNextHop(inside: InsideEnd, destination: number): number {
  let best = -1;
  let nextHop: number | undefined;
  for (const route of listRoutes(inside.namespace)) {
    const prefix = parseIpv4Prefix(route.destination);
    if (route.interface !== inside.interface || route.via === undefined || prefix === undefined) continue;
    if (prefix.length <= best || !prefixContains(prefix, destination)) continue;
    best = prefix.length;
    nextHop = parseIpv4(route.via);
  }
  if (nextHop === undefined) {
    throw notFound(
      `find the gateway on ${inside.interface}`,
      `no route to ${formatIpv4(destination)} leads through it by a next hop`,
    );
  }
  return nextHop;
}

function macBytes(mac: string): Uint8Array {
  const bytes = Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16));
  if (bytes.length !== 6) throw new TypeError(`not a hardware address: ${JSON.stringify(mac)}`);
  return bytes;
}

function notFound(tried: string, what: string): KernelError {
  return new KernelError("kernel-not-found", what, {
    tried,
    errno: 0,
    remedy:
      "name the inside end of the link to the gateway, up and with a route through the gateway, or give gatewayMac",
  });
}
