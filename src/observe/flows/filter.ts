import type { Ipv4Range } from "../../address/ipv4-range.ts";
import type { PortRange } from "../../address/port-range.ts";
import { hasPrefix, type AddressPrefix } from "../../kernel/conntrack/address-prefix.ts";
import { CTA_TIMESTAMP, CTA_TIMESTAMP_START } from "../../kernel/conntrack/attributes.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import type { KernelFilter } from "../../kernel/conntrack/kernel-filter.ts";
import { PORT_PROTOCOLS } from "../../kernel/conntrack/protocol-name.ts";
import { toPool, toSubscriber, type Side } from "./sides.ts";

/** Addresses to look for: of one family, IPv6 as a prefix of sixteen bytes. */
export type AddressMatch = { readonly v4: Ipv4Range } | { readonly v6: AddressPrefix };

/** From `min` to `max`, both included. */
export interface Between {
  readonly min: number;
  readonly max: number;
}

/** Bits as in `value`, of those in `mask`. */
export interface Bits {
  readonly value: number;
  readonly mask: number;
}

/** Which connections are meant: all that is given must hold. Plain data. */
export interface FlowFilter {
  /** 2 IPv4, 10 IPv6. */
  readonly family?: number;
  readonly source?: AddressMatch;
  readonly destination?: AddressMatch;
  readonly replySource?: AddressMatch;
  readonly replyDestination?: AddressMatch;
  /** See `toSubscriber`. */
  readonly subscriber?: AddressMatch;
  /** See `toPool`. */
  readonly pool?: AddressMatch;
  readonly protocol?: number;
  /** Of the original direction; only protocols with ports have them. */
  readonly sourcePort?: PortRange;
  readonly destinationPort?: PortRange;
  /** The state's name, in capitals. */
  readonly state?: string;
  /** `STATUS` bits. */
  readonly status?: Bits;
  readonly mark?: Bits;
  /** Of both directions or of one. */
  readonly zone?: number;
  /** Seconds left. */
  readonly timeout?: Between;
  /** Seconds since it began; entries without a time stamp have none and do not match. */
  readonly age?: Between;
}

type Test = (entry: ConnectionEntry) => boolean;

const NANOSECONDS = 1e9;

/** A test of the whole filter; `now` in seconds since 1970. Undefined: everything matches. */
export function compileFilter(filter: FlowFilter, now: number): Test | undefined {
  const tests = [...wholeTests(filter), ...addressTests(filter), ...portTests(filter), ...rareTests(filter, now)];
  if (tests.length === 0) return undefined;
  return (entry) => {
    for (const test of tests) if (!test(entry)) return false;
    return true;
  };
}

/** What of the filter the kernel can do. */
export function kernelFilter(filter: FlowFilter): KernelFilter {
  const { source, destination, protocol, sourcePort, destinationPort, mark, status, zone } = filter;
  const addresses = [source, destination, filter.replySource, filter.replyDestination, filter.subscriber, filter.pool];
  const families = addresses.flatMap((match) => (match === undefined ? [] : ["v4" in match ? 2 : 10]));
  const family = filter.family ?? families[0] ?? 0;
  // Contradictory families: the tests leave nothing; the kernel must not be asked for what it cannot understand.
  if (families.some((other) => other !== family)) return { family: 0 };
  const originalSource = source === undefined ? undefined : exactAddress(source);
  const originalDestination = destination === undefined ? undefined : exactAddress(destination);
  const withPorts = protocol !== undefined && PORT_PROTOCOLS.has(protocol);
  return {
    family,
    ...(originalSource === undefined ? {} : { originalSource }),
    ...(originalDestination === undefined ? {} : { originalDestination }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(withPorts && sourcePort !== undefined && isOne(sourcePort) ? { originalSourcePort: sourcePort.first } : {}),
    ...(withPorts && destinationPort !== undefined && isOne(destinationPort)
      ? { originalDestinationPort: destinationPort.first }
      : {}),
    ...(mark === undefined ? {} : { mark }),
    ...(status === undefined ? {} : { status }),
    ...(zone === undefined ? {} : { zone }),
  };
}

function wholeTests({ family, protocol, status, mark, zone, timeout }: FlowFilter): Test[] {
  const tests: Test[] = [];
  if (family !== undefined) tests.push((entry) => entry.family === family);
  if (protocol !== undefined) tests.push((entry) => entry.original.protocol === protocol);
  if (status !== undefined) tests.push((entry) => (entry.status & status.mask) >>> 0 === status.value >>> 0);
  if (mark !== undefined) tests.push((entry) => (entry.mark & mark.mask) >>> 0 === (mark.value & mark.mask) >>> 0);
  if (timeout !== undefined) tests.push((entry) => entry.timeout >= timeout.min && entry.timeout <= timeout.max);
  if (zone !== undefined) {
    tests.push(({ zone: both, original, reply }) =>
      original.zone < 0 && reply.zone < 0 ? both === zone : original.zone === zone || reply.zone === zone,
    );
  }
  return tests;
}

function addressTests(filter: FlowFilter): Test[] {
  const { source, destination, replySource, replyDestination, subscriber, pool } = filter;
  const tests: Test[] = [];
  const add = (match: AddressMatch | undefined, tuple: (entry: ConnectionEntry) => EntryTuple, isSource: boolean) => {
    if (match === undefined) return;
    const matches = addressTest(match);
    tests.push((entry) => matches(entry, tuple(entry), isSource));
  };
  add(source, ({ original }) => original, true);
  add(destination, ({ original }) => original, false);
  add(replySource, ({ reply }) => reply, true);
  add(replyDestination, ({ reply }) => reply, false);
  for (const [match, find] of [
    [subscriber, toSubscriber],
    [pool, toPool],
  ] as const) {
    if (match === undefined) continue;
    const matches = addressTest(match);
    let side: Side | undefined;
    tests.push((entry) => {
      side ??= { tuple: entry.original, isSource: true };
      return find(side, entry) && matches(entry, side.tuple, side.isSource);
    });
  }
  return tests;
}

function addressTest(match: AddressMatch): (entry: ConnectionEntry, tuple: EntryTuple, isSource: boolean) => boolean {
  if ("v4" in match) {
    const { first, last } = match.v4;
    return (_entry, tuple, isSource) => {
      const address = isSource ? tuple.source : tuple.destination;
      return tuple.family === 2 && address >= first && address <= last;
    };
  }
  const { v6 } = match;
  return (entry, tuple, isSource) =>
    tuple.family === 10 && hasPrefix(entry.buffer.bytes, isSource ? tuple.sourceAt : tuple.destinationAt, v6);
}

function portTests({ sourcePort, destinationPort }: FlowFilter): Test[] {
  const tests: Test[] = [];
  if (sourcePort !== undefined) {
    tests.push(({ original }) => PORT_PROTOCOLS.has(original.protocol) && within(original.sourcePort, sourcePort));
  }
  if (destinationPort !== undefined) {
    tests.push(
      ({ original }) => PORT_PROTOCOLS.has(original.protocol) && within(original.destinationPort, destinationPort),
    );
  }
  return tests;
}

function rareTests({ state, age }: FlowFilter, now: number): Test[] {
  const tests: Test[] = [];
  if (state !== undefined) {
    tests.push((entry) => {
      const index = protocolState(entry);
      return index >= 0 && PROTOCOL_STATES[index] === state;
    });
  }
  if (age !== undefined) {
    tests.push((entry) => {
      const start = entry.nested(CTA_TIMESTAMP, CTA_TIMESTAMP_START, 8);
      if (start === 0) return false;
      const seconds = now - entry.buffer.u64(start) / NANOSECONDS;
      return seconds >= age.min && seconds <= age.max;
    });
  }
  return tests;
}

function within(port: number, range: PortRange): boolean {
  return port >= range.first && port <= range.last;
}

function isOne({ first, last }: PortRange): boolean {
  return first === last;
}

/** The bytes of a single address, undefined for a larger range. */
function exactAddress(match: AddressMatch): Uint8Array | undefined {
  if ("v6" in match) return match.v6.length === 128 ? match.v6.bytes : undefined;
  const { first, last } = match.v4;
  return first === last ? Uint8Array.of(first >>> 24, first >>> 16, first >>> 8, first) : undefined;
}
