import { lookUpRoute } from "../look-up-route.ts";
import { bridgeOf } from "../packet-place.ts";
import type { DroppedHeader } from "../signals.ts";
import type { NetworkSignal } from "../signals/network.ts";
import { matchPacket, type Ending } from "./evaluate/match-packet.ts";
import { followPacket, type Route } from "./journey.ts";
import { addressTypes, type Packet, type PacketConnection, type Surroundings } from "./packet.ts";
import type { Ruleset } from "./ruleset.ts";

const TCP = 6;
const ICMP = 1;

/**
 * The rules and policies at which a dropped packet may have ended, the likeliest first: the header is walked through the
 * rules again, as it was when it died (perhaps translated already), with the states its connection may have had.
 */
export function endingsOf(ruleset: Ruleset, network: NetworkSignal, header: DroppedHeader): Ending[] {
  if (header.source === undefined || header.destination === undefined) return [];
  const surroundings: Surroundings = {
    addressType: addressTypes(
      network.addresses.map(({ address }) => address),
      network.routes.flatMap(({ type, destination }) =>
        type === "broadcast" ? [destination.replace(/\/32$/, "")] : [],
      ),
    ),
  };
  const endings: Ending[] = [];
  for (const connection of connectionsOf(header)) {
    for (const ending of walks(ruleset, network, packetOf(header, connection), header.interface, surroundings)) {
      // By then its source was another one.
      if (connection?.status?.includes("snat") === true && ending.chain.base?.hook === "postrouting") continue;
      endings.push(ending);
    }
  }
  return endings.toSorted((a, b) => Number(b.certainty === "yes") - Number(a.certainty === "yes"));
}

/** What conntrack may have said, the likeliest first. */
function connectionsOf({
  protocol,
  destinationPort = 0,
  tcpFlags,
  translation,
}: DroppedHeader): (PacketConnection | undefined)[] {
  const states: PacketConnection["state"][] = [];
  if (translation !== undefined) {
    const { before, after } = translation;
    const status = ["confirmed", "seen-reply", ...(before.source === after.source ? [] : ["snat"])];
    const known = { state: "established", status } as const;
    return protocol === TCP ? [known, { state: "invalid", status: [] }] : [known];
  }
  if (protocol === TCP) {
    const isFirst = tcpFlags === undefined || (tcpFlags.includes("syn") && !tcpFlags.includes("ack"));
    states.push(...(isFirst ? (["new"] as const) : (["invalid", "new"] as const)));
  } else if (protocol === ICMP && ![8, 13, 17].includes(destinationPort >> 8)) states.push("related", "invalid");
  else states.push("new");
  return [...states.map((state) => ({ state, status: [], direction: "original" as const })), undefined];
}

function packetOf(header: DroppedHeader, connection: PacketConnection | undefined): Packet {
  const { protocol = 0, source = "", destination = "", sourcePort = 0, destinationPort = 0 } = header;
  const isIcmp = protocol === ICMP;
  return {
    protocol,
    source,
    destination,
    ...(isIcmp ? { icmpType: destinationPort >> 8, icmpCode: destinationPort & 255 } : { sourcePort, destinationPort }),
    ...(header.tcpFlags === undefined ? {} : { tcpFlags: header.tcpFlags }),
    ...(header.ttl === undefined ? {} : { ttl: header.ttl }),
    length: header.length,
    ...(connection === undefined ? {} : { connection }),
  };
}

/**
 * As a packet that came in by the interface it had when it died, as one that was leaving by it, and as one of the host
 * itself, which had none.
 */
function* walks(
  ruleset: Ruleset,
  network: NetworkSignal,
  packet: Packet,
  name: string,
  surroundings: Surroundings,
): Generator<Ending> {
  const bridge = bridgeOf(network, name)?.name;
  // IP's rules see bridged packets by br_netfilter; those to be routed have left the port behind by then.
  if (bridge !== undefined) {
    const bridged = { ...packet, inInterface: bridge, outInterface: bridge, bridgeOutPort: name };
    for (const hook of ["prerouting", "forward", "postrouting"] as const) {
      yield* matchPacket(ruleset, bridged, hook, surroundings).endings;
    }
  } else if (network.links.some((link) => link.name === name)) {
    const route = (at: Packet): Route => routeOf(network, at, name);
    yield* followPacket(ruleset, { ...packet, inInterface: name }, route, surroundings).endings;
  } else {
    const outInterface = lookUpRoute(network, packet)?.route?.interface;
    const leaving = { ...packet, ...(outInterface === undefined ? {} : { outInterface }) };
    yield* matchPacket(ruleset, leaving, "output", surroundings).endings;
    yield* matchPacket(ruleset, leaving, "postrouting", surroundings).endings;
  }
  yield* matchPacket(ruleset, { ...packet, outInterface: name }, "postrouting", surroundings).endings;
}

function routeOf(network: NetworkSignal, { source, destination }: Packet, incoming: string): Route {
  const route = lookUpRoute(network, { source, destination, incoming })?.route;
  if (route === undefined) return { kind: "none" };
  if (route.type === "local" || route.type === "broadcast" || route.type === "multicast") return { kind: "local" };
  return route.interface === undefined ? { kind: "none" } : { kind: "forward", outInterface: route.interface };
}
