import { firstPacket, type Packet, type PacketConnection, type Tuple } from "../rules/packet.ts";
import { UNKNOWN_ADDRESS } from "../rules/evaluate/state.ts";
import type { FlowSignal, FlowTuple } from "../signals/table.ts";
import type { Mapping } from "./pass-hook.ts";
import { followWay, type Ground, type Origin, type Way } from "./way.ts";

const ICMP = 1;
const TCP = 6;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;

/** Where the packets of a connection come from. */
export interface Begin {
  readonly origin: Origin;
  /** The interface its first packets come in by; absent: not known, or the host's own. */
  readonly incoming?: string;
}

/** The way of a connection's first packet. */
export function firstWay(ground: Ground, protocol: number, tuple: FlowTuple, begin: Begin): Way {
  const packet = firstPacket(
    { ...endsOf(protocol, tuple), protocol },
    begin.incoming === undefined ? {} : { inInterface: begin.incoming },
  );
  return followWay(ground, { ...packet, ...icmpOf(protocol, ECHO_REQUEST) }, begin.origin);
}

/** The way of the answer to the first packet, if that gets anywhere. */
export function answerToFirst(ground: Ground, first: Way): Way | undefined {
  if (first.end !== "leaves" && first.end !== "arrives") return undefined;
  const { packet, after } = first;
  const { protocol } = packet;
  const reply: Tuple = turned(after);
  const connection: PacketConnection = {
    state: "established",
    direction: "reply",
    status: [...(after.connection?.status ?? []), "confirmed", "seen-reply"],
    zone: 0,
    ...(after.connection?.mark === undefined ? {} : { mark: after.connection.mark }),
    original: ends(packet),
    ...(reply.source === UNKNOWN_ADDRESS || reply.destination === UNKNOWN_ADDRESS ? {} : { reply }),
  };
  const back = turned(packet);
  const mapping: Mapping = {
    ...(differs(back.source, back.sourcePort, reply.source, reply.sourcePort)
      ? { source: end(back.source, back.sourcePort) }
      : {}),
    ...(differs(back.destination, back.destinationPort, reply.destination, reply.destinationPort)
      ? { destination: end(back.destination, back.destinationPort) }
      : {}),
  };
  const answer = packetOf(protocol, reply, connection, first.end === "leaves" ? after.outInterface : undefined, true);
  return followWay(ground, answer, first.end === "leaves" ? "network" : "host", mapping);
}

/** The way of the next packet from whoever began the connection. */
export function nextWay(ground: Ground, flow: FlowSignal, begin: Begin): Way {
  const { protocol, original, reply } = flow;
  const answered = flow.status.includes("seen-reply");
  const state = answered ? "established" : flow.status.includes("expected") ? "related" : "new";
  const connection: PacketConnection = { ...connectionOf(flow), state, direction: "original" };
  const packet = packetOf(protocol, endsOf(protocol, original), connection, begin.incoming, false, flow.state);
  return followWay(ground, packet, begin.origin, {
    ...(differs(original.destination, original.destinationPort, reply.source, reply.sourcePort, protocol)
      ? { destination: mappedEnd(protocol, reply.source, reply.sourcePort) }
      : {}),
    ...(differs(original.source, original.sourcePort, reply.destination, reply.destinationPort, protocol)
      ? { source: mappedEnd(protocol, reply.destination, reply.destinationPort) }
      : {}),
  });
}

/** The way of the next answer. */
export function answerWay(ground: Ground, flow: FlowSignal, begin: Begin): Way {
  const { protocol, original, reply } = flow;
  const connection: PacketConnection = { ...connectionOf(flow), state: "established", direction: "reply" };
  const status = [...new Set([...(connection.status ?? []), "seen-reply"])];
  const packet = packetOf(
    protocol,
    endsOf(protocol, reply),
    { ...connection, status },
    begin.incoming,
    true,
    flow.state,
  );
  return followWay(ground, packet, begin.origin, {
    ...(differs(reply.destination, reply.destinationPort, original.source, original.sourcePort, protocol)
      ? { destination: mappedEnd(protocol, original.source, original.sourcePort) }
      : {}),
    ...(differs(reply.source, reply.sourcePort, original.destination, original.destinationPort, protocol)
      ? { source: mappedEnd(protocol, original.destination, original.destinationPort) }
      : {}),
  });
}

function packetOf(
  protocol: number,
  tuple: Tuple,
  connection: PacketConnection,
  inInterface: string | undefined,
  isAnswer: boolean,
  state?: string,
): Packet {
  const begins = state === undefined || state === "SYN_SENT";
  return {
    ...tuple,
    protocol,
    mark: 0,
    bridgeInPort: null,
    bridgeOutPort: null,
    connection,
    ...(inInterface === undefined ? {} : { inInterface }),
    ...icmpOf(protocol, isAnswer ? ECHO_REPLY : ECHO_REQUEST),
    ...(protocol === TCP ? { tcpFlags: begins ? (isAnswer ? ["syn", "ack"] : ["syn"]) : ["ack"] } : {}),
  };
}

function connectionOf({ protocol, status, mark, zone, original, reply }: FlowSignal): Omit<PacketConnection, "state"> {
  return { status, mark, zone, original: endsOf(protocol, original), reply: endsOf(protocol, reply) };
}

function icmpOf(protocol: number, icmpType: number): Pick<Packet, "icmpType" | "icmpCode"> {
  return protocol === ICMP ? { icmpType, icmpCode: 0 } : {};
}

/** ICMP's identifiers are no ports. */
function endsOf(protocol: number, tuple: FlowTuple): Tuple {
  return protocol === ICMP ? { source: tuple.source, destination: tuple.destination } : tuple;
}

function ends({ source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    source,
    destination,
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
  };
}

function turned({ source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    source: destination,
    destination: source,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
  };
}

function mappedEnd(protocol: number, address: string, port: number): { address: string; port?: number } {
  return protocol === ICMP ? { address } : { address, port };
}

function end(address: string, port: number | undefined): { address: string; port?: number } {
  return port === undefined ? { address } : { address, port };
}

function differs(
  one: string,
  onePort: number | undefined,
  other: string,
  otherPort: number | undefined,
  protocol?: number,
): boolean {
  return one !== other || (protocol !== ICMP && onePort !== otherPort);
}
