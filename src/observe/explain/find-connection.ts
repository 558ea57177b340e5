import type { FlowSignal, FlowTuple } from "../../diagnose/signals/table.ts";
import { TCP_STATES, type Connection } from "../../kernel/conntrack/connection.ts";
import { lookupConnection } from "../../kernel/conntrack/lookup.ts";
import { scanConntrack } from "../../kernel/conntrack/scan.ts";
import type { Tuple } from "../../kernel/conntrack/tuple.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { STATUS_NAMES } from "../flows/status-name.ts";
import { flowSignal } from "../signals/flow.ts";

const AF_INET = 2;
const ICMP = 1;
const NANOSECONDS = 1e9;

/**
 * The connection that a packet of the tuple, or of the tuple turned round, belongs to: so it is found as it was sent and
 * as it is seen outside. Of ICMP, whose identifiers nobody knows, any between the two addresses.
 */
export function findConnection(namespace: NamespaceName, protocol: number, tuple: FlowTuple): FlowSignal | undefined {
  if (protocol === ICMP && tuple.sourcePort === 0) return findBetween(namespace, protocol, tuple);
  const asked: Tuple = { protocol, ...tuple };
  const found = lookupConnection(namespace, asked) ?? lookupConnection(namespace, turned(asked));
  return found === undefined ? undefined : flowOf(found);
}

function findBetween(namespace: NamespaceName, protocol: number, tuple: FlowTuple): FlowSignal | undefined {
  const wanted = [`${tuple.source} ${tuple.destination}`, `${tuple.destination} ${tuple.source}`];
  let found: FlowSignal | undefined;
  scanConntrack(namespace, { family: AF_INET, protocol }, (entry) => {
    if (entry.original.protocol !== protocol) return true;
    const flow = flowSignal(entry, Date.now() / 1000);
    const fits = [flow.original, flow.reply].some((one) => wanted.includes(`${one.source} ${one.destination}`));
    if (fits) found = flow;
    return !fits;
  });
  return found;
}

function turned({ protocol, source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    protocol,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

function flowOf(connection: Connection): FlowSignal {
  const { original, reply, status, timeout, zone, mark, tcpState, originalCounters, replyCounters, start } = connection;
  const counted = originalCounters === undefined ? undefined : [originalCounters, replyCounters];
  const both = (name: "packets" | "bytes"): [number, number] => [
    Number(counted?.[0]?.[name] ?? 0),
    Number(counted?.[1]?.[name] ?? 0),
  ];
  return {
    family: connection.family === AF_INET ? 4 : 6,
    protocol: original.protocol,
    original: endsOf(original),
    reply: endsOf(reply),
    ...(tcpState === undefined || !TCP_STATES.includes(tcpState) || original.protocol !== 6 ? {} : { state: tcpState }),
    status: STATUS_NAMES.flatMap(([bit, name]) => ((status & bit) === 0 ? [] : [name])),
    timeout,
    zone,
    mark,
    ...(counted === undefined ? {} : { packets: both("packets"), bytes: both("bytes") }),
    ...(start === undefined ? {} : { age: Math.max(0, Date.now() / 1000 - Number(start) / NANOSECONDS) }),
  };
}

function endsOf({ source, sourcePort, destination, destinationPort }: Tuple): FlowTuple {
  return { source, sourcePort, destination, destinationPort };
}
