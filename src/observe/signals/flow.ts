import { formatIpv4 } from "../../address/ipv4.ts";
import type { FlowSignal, FlowTuple } from "../../diagnose/signals/table.ts";
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
} from "../../kernel/conntrack/attributes.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { formatIpv6 } from "../../kernel/conntrack/tuple.ts";
import { STATUS_NAMES } from "../flows/status-name.ts";

const AF_INET = 2;
const NANOSECONDS = 1e9;

/** An entry as a value of its own, for the few that are shown; `now` in seconds since 1970. */
export function flowSignal(entry: ConnectionEntry, now: number): FlowSignal {
  const state = PROTOCOL_STATES[protocolState(entry)];
  const helper = helperName(entry);
  const packets = counters(entry, CTA_COUNTERS_PACKETS);
  const bytes = counters(entry, CTA_COUNTERS_BYTES);
  const began = entry.nested(CTA_TIMESTAMP, CTA_TIMESTAMP_START, 8);
  return {
    family: entry.family === AF_INET ? 4 : 6,
    protocol: entry.original.protocol,
    original: tupleSignal(entry, entry.original),
    reply: tupleSignal(entry, entry.reply),
    ...(state === undefined ? {} : { state }),
    status: STATUS_NAMES.flatMap(([bit, name]) => ((entry.status & bit) === 0 ? [] : [name])),
    timeout: entry.timeout,
    zone: zoneOf(entry),
    mark: entry.mark,
    ...(helper === undefined ? {} : { helper }),
    ...(packets === undefined ? {} : { packets }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(began === 0 ? {} : { age: Math.max(0, now - entry.buffer.u64(began) / NANOSECONDS) }),
  };
}

/** The zone of the original direction, where they differ. */
export function zoneOf(entry: ConnectionEntry): number {
  return entry.original.zone >= 0 ? entry.original.zone : entry.zone;
}

/** The helper's name; undefined without. */
export function helperName(entry: ConnectionEntry): string | undefined {
  const at = entry.helper();
  return at === 0 ? undefined : Buffer.from(entry.buffer.bytes.subarray(at, entry.nestedEnd)).toString("latin1");
}

/** Packets or bytes of both directions; undefined where they are not counted. */
function counters(entry: ConnectionEntry, type: number): [number, number] | undefined {
  const original = entry.nested(CTA_COUNTERS_ORIG, type, 8);
  if (original === 0) return undefined;
  const reply = entry.nested(CTA_COUNTERS_REPLY, type, 8);
  return [entry.buffer.u64(original), reply === 0 ? 0 : entry.buffer.u64(reply)];
}

function tupleSignal(entry: ConnectionEntry, tuple: EntryTuple): FlowTuple {
  const address = (number: number, at: number): string => {
    if (tuple.family === AF_INET) return formatIpv4(number);
    return at === 0 ? "" : formatIpv6(entry.buffer.bytes, at);
  };
  return {
    source: address(tuple.source, tuple.sourceAt),
    sourcePort: tuple.sourcePort,
    destination: address(tuple.destination, tuple.destinationAt),
    destinationPort: tuple.destinationPort,
  };
}
