import { isIPv4 } from "node:net";
import type { FlowTuple } from "../diagnose/signals/table.ts";
import { PROTOCOL_NAMES } from "../kernel/conntrack/protocol-name.ts";
import { CommandError } from "./failure.ts";

/** One connection, or all of an address. */
export type ConnectionTarget =
  | { readonly kind: "connection"; readonly protocol?: number; readonly tuple: FlowTuple }
  | { readonly kind: "address"; readonly address: string };

const ICMP = 1;
const TCP = 6;
/** An echo request, as conntrack has it in the place of a port: type times 256 plus code. */
const ECHO_REQUEST = 8 << 8;

/**
 * Reads `10.64.1.9:40000 198.51.100.80:443 tcp`, `10.64.1.9:40000>198.51.100.80:443/tcp`, a line of conntrack(8), or an
 * address. Throws a CommandError for anything else.
 */
export function parseConnectionTarget(text: string): ConnectionTarget {
  const line = text.trim();
  if (isIPv4(line)) return { kind: "address", address: line };
  const target = line.includes("src=") ? conntrackLine(line) : tupleText(line);
  if (target === undefined) throw noTarget(text);
  return target;
}

/** The first `src= dst= sport= dport=` of the line are the original direction. */
function conntrackLine(line: string): ConnectionTarget | undefined {
  const first = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(line)?.[1];
  const [source, destination] = [first("src"), first("dst")];
  const protocol = line.split(/[\s[\]]+/).flatMap((word) => protocolOf(word) ?? [])[0];
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  if (!isIPv4(source) || !isIPv4(destination)) return undefined;
  if (protocol === ICMP) {
    const [type, code, id] = ["type", "code", "id"].map((name) => Number(first(name) ?? 0));
    return {
      kind: "connection",
      protocol,
      tuple: { source, sourcePort: id ?? 0, destination, destinationPort: (type ?? 8) * 256 + (code ?? 0) },
    };
  }
  const [sourcePort, destinationPort] = [Number(first("sport") ?? 0), Number(first("dport") ?? 0)];
  if (!isPort(sourcePort) || !isPort(destinationPort)) return undefined;
  return { kind: "connection", protocol, tuple: { source, sourcePort, destination, destinationPort } };
}

const END = String.raw`(\d+\.\d+\.\d+\.\d+)(?::(\d+))?`;
const TUPLE = new RegExp(`^${END}(?:\\s*(?:->|>)\\s*|\\s+)${END}(?:(?:\\s+|/)([a-z0-9]+))?$`, "i");

function tupleText(line: string): ConnectionTarget | undefined {
  const [whole, source = "", sourcePort, destination = "", destinationPort, name] = TUPLE.exec(line) ?? [];
  if (whole === undefined || !isIPv4(source) || !isIPv4(destination)) return undefined;
  const protocol = name === undefined ? undefined : protocolOf(name.toLowerCase());
  if (name !== undefined && protocol === undefined) return undefined;
  const [from, to] = [Number(sourcePort ?? 0), Number(destinationPort ?? 0)];
  if (!isPort(from) || !isPort(to)) return undefined;
  if (protocol === ICMP || (protocol === undefined && sourcePort === undefined && destinationPort === undefined)) {
    const icmp = { source, sourcePort: from, destination, destinationPort: ECHO_REQUEST };
    return { kind: "connection", protocol: ICMP, tuple: icmp };
  }
  if (destinationPort === undefined && (protocol === undefined || WITH_PORTS.has(protocol))) return undefined;
  return {
    kind: "connection",
    ...(protocol === undefined ? {} : { protocol }),
    tuple: {
      source,
      sourcePort: sourcePort === undefined && WITH_PORTS.has(protocol ?? TCP) ? SOME_PORT : from,
      destination,
      destinationPort: to,
    },
  };
}

const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);
/** Where nobody says: one of those that programs get. */
const SOME_PORT = 50_000;

function protocolOf(word: string): number | undefined {
  for (const [number, name] of PROTOCOL_NAMES) if (name === word) return number;
  return undefined;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

function noTarget(text: string): CommandError {
  return new CommandError(
    {
      code: "usage",
      message: `${JSON.stringify(text)} names no connection of IPv4`,
      remedy:
        "write both ends and the protocol, as in 10.64.1.9:40000 198.51.100.80:443 tcp, an address, or a line of `conntrack -L`",
    },
    2,
  );
}
