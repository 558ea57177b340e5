import { isIPv6 } from "node:net";
import { formatIpv4, parseIpv4 } from "../../address/ipv4.ts";
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from "../../kernel/conntrack/attributes.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { PORT_PROTOCOLS, protocolName } from "../../kernel/conntrack/protocol-name.ts";
import { readSteadily, scanConntrack } from "../../kernel/conntrack/scan.ts";
import { formatIpv6, ipv6Bytes } from "../../kernel/conntrack/tuple.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import { compileFilter, kernelFilter, type AddressMatch, type FlowFilter } from "../flows/filter.ts";

/** A connection of a subscriber, for people. */
export interface SubscriberConnection {
  readonly protocol: string;
  /** The protocol's state, or how far it has come. */
  readonly state: string;
  /** Seconds until the kernel forgets it, unless another packet comes. */
  readonly timeout: number;
  /** Address and port at the subscriber's end. */
  readonly from: string;
  readonly to: string;
  /** What the outside sees in place of `from`, or what it addressed in place of the subscriber; undefined: the same. */
  readonly translated: string | undefined;
}

/** The connections of one subscriber. */
export interface SubscriberConnections {
  readonly address: string;
  readonly connections: number;
  /** Not all, if there are more than were wanted; by protocol and destination. */
  readonly rows: readonly SubscriberConnection[];
  readonly seconds: number;
}

/** Reads the connections of one subscriber; the kernel leaves the others out. */
export function readSubscriber(namespace: NamespaceName, address: string, most: number): SubscriberConnections {
  return readSteadily(namespace, () => readOnce(namespace, address, most));
}

function readOnce(namespace: NamespaceName, address: string, most: number): SubscriberConnections {
  const match = addressMatch(address);
  const rows: SubscriberConnection[] = [];
  let connections = 0;
  let seconds = 0;
  const nat = STATUS.sourceNat | STATUS.destinationNat;
  // Two questions that the kernel can answer: those it began, and those that only were forwarded to it.
  const questions: readonly FlowFilter[] = [
    { subscriber: match, source: match },
    { subscriber: match, status: { value: STATUS.destinationNat, mask: nat } },
  ];
  const began = compileFilter({ source: match }, 0);
  for (const [index, filter] of questions.entries()) {
    const fits = compileFilter(filter, 0);
    const result = scanConntrack(namespace, kernelFilter(filter), (entry) => {
      if (fits?.(entry) !== true || (index === 1 && began?.(entry) === true)) return;
      connections += 1;
      if (rows.length < most) rows.push(describe(entry));
    });
    seconds += result.seconds;
  }
  return { address, connections, rows: rows.toSorted(byDestination), seconds };
}

function addressMatch(address: string): AddressMatch {
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return { v4: { first: v4, last: v4 } };
  if (!isIPv6(address)) throw new RangeError(`${address} is no address`);
  return { v6: { bytes: ipv6Bytes(address), length: 128 } };
}

function byDestination(a: SubscriberConnection, b: SubscriberConnection): number {
  const [one, other] = [`${a.protocol} ${a.to} ${a.from}`, `${b.protocol} ${b.to} ${b.from}`];
  return one < other ? -1 : one > other ? 1 : 0;
}

function describe(entry: ConnectionEntry): SubscriberConnection {
  const { original, reply, status } = entry;
  const forwarded = (status & (STATUS.sourceNat | STATUS.destinationNat)) === STATUS.destinationNat;
  const [own, other] = forwarded ? [endOf(entry, reply, true), endOf(entry, original, true)] : outgoing(entry);
  const seen = forwarded ? endOf(entry, original, false) : endOf(entry, reply, false);
  const state = protocolState(entry);
  return {
    protocol: protocolName(original.protocol),
    state: state >= 0 ? (PROTOCOL_STATES[state] ?? "") : progress(status),
    timeout: entry.timeout,
    from: own,
    to: other,
    translated: seen === own ? undefined : seen,
  };
}

function outgoing(entry: ConnectionEntry): readonly [string, string] {
  return [endOf(entry, entry.original, true), endOf(entry, entry.original, false)];
}

function progress(status: number): string {
  if ((status & STATUS.seenReply) === 0) return "unreplied";
  return (status & STATUS.assured) === 0 ? "replied" : "assured";
}

/** Address and port; for ICMP the identifier, which is the same for both ends. */
function endOf(entry: ConnectionEntry, tuple: EntryTuple, source: boolean): string {
  const { family, protocol } = tuple;
  const icmp = protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;
  const withPort = icmp || PORT_PROTOCOLS.has(protocol);
  const port = withPort ? `:${icmp || source ? tuple.sourcePort : tuple.destinationPort}` : "";
  if (family === 2) return formatIpv4(source ? tuple.source : tuple.destination) + port;
  const at = source ? tuple.sourceAt : tuple.destinationAt;
  const text = at === 0 ? "?" : formatIpv6(entry.buffer.bytes, at);
  return withPort ? `[${text}]${port}` : text;
}
