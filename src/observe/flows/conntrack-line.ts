import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_MARK,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
  CTA_USE,
  CTA_ZONE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
} from "../../kernel/conntrack/attributes.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { GRE, PORT_PROTOCOLS, PROTOCOL_NAMES } from "../../kernel/conntrack/protocol-name.ts";
import { ascii, type ByteWriter } from "./byte-writer.ts";

/** The beginning of a line, by protocol. */
const PROTOCOLS = Array.from({ length: 256 }, (_, protocol) =>
  ascii(`${(PROTOCOL_NAMES.get(protocol) ?? "unknown").padEnd(8)} ${protocol} `),
);
const FAMILIES = new Map([
  [2, ascii("ipv4     2 ")],
  [10, ascii("ipv6     10 ")],
]);
const STATES = PROTOCOL_STATES.map((state) => ascii(`${state} `));

const SRC = ascii("src=");
const DST = ascii(" dst=");
const SPORT = ascii("sport=");
const DPORT = ascii(" dport=");
const TYPE = ascii("type=");
const CODE = ascii(" code=");
const ID = ascii(" id=");
const SRCKEY = ascii("srckey=0x");
const DSTKEY = ascii(" dstkey=0x");
const ZONE_ORIG = ascii("zone-orig=");
const ZONE_REPLY = ascii("zone-reply=");
const PACKETS = ascii("packets=");
const BYTES = ascii(" bytes=");
const UNREPLIED = ascii("[UNREPLIED] ");
const HW_OFFLOAD = ascii("[HW_OFFLOAD] ");
const OFFLOAD = ascii("[OFFLOAD] ");
const ASSURED = ascii("[ASSURED] ");
const MARK = ascii("mark=");
const SECCTX = ascii("secctx=");
const ZONE = ascii("zone=");
const DELTA = ascii("delta-time=");
const HELPER = ascii("helper=");
const USE = ascii("use=");
const BLANK = 0x20;
const NANOSECONDS = 1e9;

/** Writes more about the entry into its line: each item with a blank after it. */
export interface LineAdditions {
  /** After the seconds since it began. */
  readonly afterTime: (to: ByteWriter, entry: ConnectionEntry) => void;
  readonly atEnd: (to: ByteWriter, entry: ConnectionEntry) => void;
}

/**
 * Writes the line that `conntrack -L` prints for the entry; `extended` as with `-o extended`. `now`: seconds since 1970.
 */
export function writeConntrackLine(
  to: ByteWriter,
  entry: ConnectionEntry,
  extended: boolean,
  now: number,
  additions?: LineAdditions,
): void {
  const { original, reply } = entry;
  if (extended) to.bytes(FAMILIES.get(entry.family) ?? ascii(`unknown  ${entry.family} `));
  to.bytes(PROTOCOLS[original.protocol] ?? SRC);
  if (entry.has(CTA_TIMEOUT)) number(to, entry.timeout);
  const state = protocolState(entry);
  if (state >= 0) to.bytes(STATES[state] ?? SRC);
  const hasStatus = entry.has(CTA_STATUS);
  const status = entry.status;
  writeTuple(to, entry, original, ZONE_ORIG);
  writeCounters(to, entry, CTA_COUNTERS_ORIG);
  if (hasStatus && (status & STATUS.seenReply) === 0) to.bytes(UNREPLIED);
  writeTuple(to, entry, reply, ZONE_REPLY);
  writeCounters(to, entry, CTA_COUNTERS_REPLY);
  if ((status & STATUS.hardwareOffload) !== 0) to.bytes(HW_OFFLOAD);
  else if ((status & STATUS.offload) !== 0) to.bytes(OFFLOAD);
  else if ((status & STATUS.assured) !== 0) to.bytes(ASSURED);
  if (entry.has(CTA_MARK)) {
    to.bytes(MARK);
    number(to, entry.mark);
  }
  writeText(to, entry, SECCTX, entry.securityContext());
  if (entry.has(CTA_ZONE)) {
    to.bytes(ZONE);
    number(to, entry.zone);
  }
  writeDelta(to, entry, now);
  additions?.afterTime(to, entry);
  writeText(to, entry, HELPER, entry.helper());
  if (entry.has(CTA_USE)) {
    to.bytes(USE);
    number(to, entry.use);
  }
  additions?.atEnd(to, entry);
  to.back();
  to.endLine();
}

function writeTuple(to: ByteWriter, entry: ConnectionEntry, tuple: EntryTuple, zone: Uint8Array): void {
  if (tuple.family !== 0) {
    to.bytes(SRC);
    writeAddress(to, entry, tuple, tuple.source, tuple.sourceAt);
    to.bytes(DST);
    writeAddress(to, entry, tuple, tuple.destination, tuple.destinationAt);
    to.byte(BLANK);
  }
  const { protocol } = tuple;
  if (PORT_PROTOCOLS.has(protocol)) {
    to.bytes(SPORT);
    to.decimal(tuple.sourcePort);
    to.bytes(DPORT);
    number(to, tuple.destinationPort);
  } else if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    to.bytes(TYPE);
    to.decimal(tuple.destinationPort >>> 8);
    to.bytes(CODE);
    to.decimal(tuple.destinationPort & 255);
    to.bytes(ID);
    number(to, tuple.sourcePort);
  } else if (protocol === GRE) {
    to.bytes(SRCKEY);
    to.hex(tuple.sourcePort);
    to.bytes(DSTKEY);
    to.hex(tuple.destinationPort);
    to.byte(BLANK);
  }
  if (tuple.zone >= 0) {
    to.bytes(zone);
    number(to, tuple.zone);
  }
}

/** Writes an address of the entry as text. */
export function writeAddress(
  to: ByteWriter,
  entry: ConnectionEntry,
  { family }: EntryTuple,
  v4: number,
  at: number,
): void {
  if (family === 2) to.ipv4(v4);
  else to.ipv6(entry.buffer.bytes, at);
}

function writeCounters(to: ByteWriter, entry: ConnectionEntry, direction: number): void {
  if (!entry.has(direction)) return;
  const packets = entry.nested(direction, CTA_COUNTERS_PACKETS, 8);
  const bytes = entry.nested(direction, CTA_COUNTERS_BYTES, 8);
  if (packets === 0 || bytes === 0) return;
  to.bytes(PACKETS);
  writeU64(to, entry, packets);
  to.bytes(BYTES);
  writeU64(to, entry, bytes);
  to.byte(BLANK);
}

/** Writes the 64-bit number at an offset of the entry's buffer. */
export function writeU64(to: ByteWriter, { buffer }: ConnectionEntry, at: number): void {
  const value = buffer.u64(at);
  if (value <= Number.MAX_SAFE_INTEGER) to.decimal(value);
  else to.big(buffer.bigU64(at));
}

function writeDelta(to: ByteWriter, entry: ConnectionEntry, now: number): void {
  const start = entry.nested(CTA_TIMESTAMP, CTA_TIMESTAMP_START, 8);
  if (start === 0) return;
  const stop = entry.nested(CTA_TIMESTAMP, CTA_TIMESTAMP_STOP, 8);
  const end = stop === 0 ? now : Math.floor(entry.buffer.u64(stop) / NANOSECONDS);
  to.bytes(DELTA);
  number(to, Math.max(0, end - Math.floor(entry.buffer.u64(start) / NANOSECONDS)));
}

function writeText(to: ByteWriter, entry: ConnectionEntry, name: Uint8Array, at: number): void {
  if (at === 0) return;
  to.bytes(name);
  to.copy(entry.buffer.bytes, at, entry.nestedEnd);
  to.byte(BLANK);
}

function number(to: ByteWriter, value: number): void {
  to.decimal(value);
  to.byte(BLANK);
}
