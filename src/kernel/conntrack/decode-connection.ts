import { malformed } from "../netlink/header.ts";
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
} from "./attributes.ts";
import { TCP_STATES, type Connection, type ConnectionCounters } from "./connection.ts";
import { protocolState } from "./entry-protocol.ts";
import type { ConnectionEntry } from "./entry.ts";

/** The entry between two offsets of its buffer as an object: for single ones, not for whole tables. */
export function decodeConnection(entry: ConnectionEntry, start: number, end: number): Connection {
  if (!entry.scan(start, end)) throw malformed("an entry of the connection table with wrong lengths");
  return connectionOf(entry);
}

/** The entry where `entry` stands, as an object. */
export function connectionOf(entry: ConnectionEntry): Connection {
  const { family, original, reply, id, status, timeout, zone, mark } = entry;
  const tcpState = TCP_STATES[protocolState(entry)];
  const originalCounters = countersOf(entry, CTA_COUNTERS_ORIG);
  const replyCounters = countersOf(entry, CTA_COUNTERS_REPLY);
  const start = u64In(entry, CTA_TIMESTAMP, CTA_TIMESTAMP_START);
  return {
    family,
    original: original.tuple(),
    reply: reply.tuple(),
    id,
    status,
    timeout,
    zone,
    mark,
    ...(tcpState === undefined ? {} : { tcpState }),
    ...(originalCounters === undefined ? {} : { originalCounters }),
    ...(replyCounters === undefined ? {} : { replyCounters }),
    ...(start === undefined ? {} : { start }),
  };
}

function countersOf(entry: ConnectionEntry, direction: number): ConnectionCounters | undefined {
  if (!entry.has(direction)) return undefined;
  const packets = u64In(entry, direction, CTA_COUNTERS_PACKETS) ?? 0n;
  return { packets, bytes: u64In(entry, direction, CTA_COUNTERS_BYTES) ?? 0n };
}

function u64In(entry: ConnectionEntry, type: number, inner: number): bigint | undefined {
  const at = entry.nested(type, inner, 8);
  return at === 0 ? undefined : entry.buffer.bigU64(at);
}
