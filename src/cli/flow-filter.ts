import { isIPv6 } from "node:net";
import { parseIpv4Range } from "../address/ipv4-range.ts";
import { parsePortRange, type PortRange } from "../address/port-range.ts";
import { readDuration } from "../config/values/duration.ts";
import { PROTOCOL_STATES } from "../kernel/conntrack/entry-protocol.ts";
import { PROTOCOL_NAMES } from "../kernel/conntrack/protocol-name.ts";
import { ipv6Bytes } from "../kernel/conntrack/tuple.ts";
import type { AddressMatch, Between, Bits, FlowFilter } from "../observe/flows/filter.ts";
import { STATUS_NAMES } from "../observe/flows/status-name.ts";

/** The flags of commands that work on some connections only. */
export interface FlowFilterFlags {
  readonly subscriber?: AddressMatch;
  readonly pool?: AddressMatch;
  readonly source?: AddressMatch;
  readonly destination?: AddressMatch;
  readonly replySource?: AddressMatch;
  readonly replyDestination?: AddressMatch;
  readonly protocol?: number;
  readonly port?: PortRange;
  readonly sourcePort?: PortRange;
  readonly state?: string;
  readonly status?: Bits;
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly expiresWithin?: number;
  readonly zone?: number;
  readonly mark?: Bits;
  readonly family?: "ipv4" | "ipv6";
}

function flag<T>(brief: string, placeholder: string, parse: (text: string) => T) {
  return { kind: "parsed", brief, placeholder, parse, optional: true } as const;
}

/** What stricli needs to know of them. */
export const FLOW_FILTER_FLAGS = {
  subscriber: flag("Only of this inside host: address, prefix or range", "address", readAddress),
  pool: flag("Only by this public address: address, prefix or range", "address", readAddress),
  source: flag("Only from this address, as conntrack -s", "address", readAddress),
  destination: flag("Only to this address, as conntrack -d", "address", readAddress),
  replySource: flag("Only answered from this address, as conntrack -r", "address", readAddress),
  replyDestination: flag("Only answered to this address, as conntrack -q", "address", readAddress),
  protocol: flag("Only this protocol: a name or number", "protocol", readProtocol),
  port: flag("Only to this port or range of ports", "port", readPorts),
  sourcePort: flag("Only from this port or range of ports", "port", readPorts),
  state: flag("Only in this state of TCP, SCTP or DCCP", "state", readState),
  status: flag("Only with this status, as in assured,snat or unreplied; not-NAME: without it", "names", readStatus),
  olderThan: flag("Only begun longer ago; needs net.netfilter.nf_conntrack_timestamp=1", "time", readSeconds),
  newerThan: flag("Only begun since; needs net.netfilter.nf_conntrack_timestamp=1", "time", readSeconds),
  expiresWithin: flag("Only with at most so much time left", "time", readSeconds),
  zone: flag("Only in this zone", "zone", (text) => readNumber(text, 0xffff, "a zone")),
  mark: flag("Only with this mark, as in 1, 0x10 or 0x10/0xf0", "mark", readMark),
  family: { kind: "enum", brief: "Only this family", values: ["ipv4", "ipv6"], optional: true },
} as const;

/** Their short forms. */
export const FLOW_FILTER_ALIASES = { s: "source", d: "destination", p: "protocol" } as const;

/** The filter that the flags make. */
export function flowFilter(flags: FlowFilterFlags): FlowFilter {
  const { port, olderThan, newerThan, expiresWithin, family } = flags;
  const { subscriber, pool, source, destination, replySource, replyDestination } = flags;
  const { protocol, sourcePort, state, status, zone, mark } = flags;
  const age: Between | undefined =
    olderThan === undefined && newerThan === undefined
      ? undefined
      : { min: olderThan ?? 0, max: newerThan ?? Number.POSITIVE_INFINITY };
  return defined({
    subscriber,
    pool,
    source,
    destination,
    replySource,
    replyDestination,
    protocol,
    destinationPort: port,
    sourcePort,
    state,
    status,
    zone,
    mark,
    age,
    timeout: expiresWithin === undefined ? undefined : { min: 0, max: expiresWithin },
    family: family === undefined ? undefined : family === "ipv4" ? 2 : 10,
  });
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function readAddress(text: string): AddressMatch {
  const v4 = parseIpv4Range(text);
  if (v4 !== undefined) return { v4 };
  const [address = "", length = "128"] = text.split("/");
  if (isIPv6(address) && !address.includes("%") && /^\d{1,3}$/.test(length) && Number(length) <= 128) {
    return { v6: { bytes: ipv6Bytes(address), length: Number(length) } };
  }
  throw new RangeError("an address is needed: 10.0.0.1, 10.0.0.0/24, 10.0.0.1-10.0.0.9, 2001:db8::1 or 2001:db8::/32");
}

/** Reads a protocol's name or number; throws a RangeError that names those there are. */
export function readProtocol(text: string): number {
  for (const [number, name] of PROTOCOL_NAMES) if (name === text.toLowerCase()) return number;
  return readNumber(text, 255, `a protocol (${[...PROTOCOL_NAMES.values()].join(", ")} or its number)`);
}

function readPorts(text: string): PortRange {
  const ports = parsePortRange(text);
  if (ports === undefined) throw new RangeError("a port or a range of ports is needed: 443 or 1024-65535");
  return ports;
}

function readState(text: string): string {
  const state = text.toUpperCase().replaceAll("-", "_");
  if (PROTOCOL_STATES.includes(state)) return state;
  throw new RangeError(`a state is needed: ${[...new Set(PROTOCOL_STATES)].join(", ")}`);
}

function readStatus(text: string): Bits {
  let value = 0;
  let mask = 0;
  for (const word of text.toLowerCase().replaceAll("_", "-").split(",")) {
    const name = word === "unreplied" ? "not-seen-reply" : word;
    const without = name.startsWith("not-");
    const bit = STATUS_NAMES.find(([, known]) => known === (without ? name.slice(4) : name))?.[0];
    if (bit === undefined) {
      throw new RangeError(`a status is needed: unreplied, ${STATUS_NAMES.map(([, known]) => known).join(", ")}`);
    }
    mask |= bit;
    if (!without) value |= bit;
  }
  return { value, mask };
}

function readSeconds(text: string): number {
  const milliseconds = readDuration(text);
  if (typeof milliseconds === "number") return milliseconds / 1000;
  throw new RangeError("a length of time is needed: 30s, 5m, 2h4m or 1d");
}

function readMark(text: string): Bits {
  const [value = "", mask = "0xffffffff"] = text.split("/");
  return { value: readNumber(value, 0xffffffff, "a mark"), mask: readNumber(mask, 0xffffffff, "a mask") };
}

function readNumber(text: string, max: number, what: string): number {
  const number = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw new RangeError(`${what} is needed, up to ${max}`);
}
