import { parseIpv4 } from "../../address/ipv4.ts";
import type { FlowSignal, FlowTuple } from "../../diagnose/signals/table.ts";
import { readSteadily, scanConntrack } from "../../kernel/conntrack/scan.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { flowSignal } from "../signals/flow.ts";

/** Connections of an address. */
export interface ConnectionsOf {
  /** Those that matter most: a few that nobody has answered, and those with the most traffic, or the longest time left. */
  readonly flows: readonly FlowSignal[];
  /** A new one as it would be likely: to where most of its connections go, else to an address of the internet. */
  readonly likely: { readonly protocol: number; readonly tuple: FlowTuple };
  /** How many it has. */
  readonly count: number;
}

const AF_INET = 2;
const TCP = 6;
const MOST_UNANSWERED = 2;
const MOST_ANSWERED = 3;
/** Destinations told apart. */
const MOST_DESTINATIONS = 4096;
/** For documentation (RFC 5737): nobody's, and routed like any other. */
const SOMEWHERE = { address: "192.0.2.1", port: 443 } as const;
/** Out of the range that programs get. */
const FIRST_PORT = 50_000;

/** Reads the connections of an address in one pass: those it began, those it answers, those translated to it. */
export function readConnectionsOf(namespace: NamespaceName, address: string): ConnectionsOf {
  return readSteadily(namespace, () => readOnce(namespace, address));
}

function readOnce(namespace: NamespaceName, address: string): ConnectionsOf {
  const wanted = parseIpv4(address);
  const now = Date.now() / 1000;
  const unanswered: FlowSignal[] = [];
  const answered: FlowSignal[] = [];
  const destinations = new Map<string, { readonly flow: FlowSignal; count: number }>();
  let count = 0;
  scanConntrack(namespace, { family: AF_INET }, (entry) => {
    const { original, reply } = entry;
    if (![original.source, original.destination, reply.source, reply.destination].includes(wanted ?? -1)) return;
    count++;
    const flow = flowSignal(entry, now);
    const isAnswered = flow.status.includes("seen-reply");
    keep(isAnswered ? answered : unanswered, flow, isAnswered ? MOST_ANSWERED : MOST_UNANSWERED);
    if (original.source !== wanted) return;
    const key = `${flow.protocol} ${flow.original.destination} ${flow.original.destinationPort}`;
    const known = destinations.get(key);
    if (known !== undefined) known.count++;
    else if (destinations.size < MOST_DESTINATIONS) destinations.set(key, { flow, count: 1 });
  });
  const [most] = [...destinations.values()].toSorted((one, other) => other.count - one.count);
  const { protocol = TCP, original } = most?.flow ?? {};
  return {
    flows: [...unanswered, ...answered],
    likely: {
      protocol,
      tuple: {
        source: address,
        sourcePort: FIRST_PORT,
        destination: original?.destination ?? SOMEWHERE.address,
        destinationPort: original?.destinationPort ?? SOMEWHERE.port,
      },
    },
    count,
  };
}

function keep(list: FlowSignal[], flow: FlowSignal, most: number): void {
  const place = list.findIndex((other) => weight(flow) > weight(other));
  list.splice(place < 0 ? list.length : place, 0, flow);
  if (list.length > most) list.pop();
}

/** Bytes where they are counted, else the seconds left: what was used last has the most. */
function weight({ bytes, timeout }: FlowSignal): number {
  return bytes === undefined ? timeout : bytes[0] + bytes[1];
}
