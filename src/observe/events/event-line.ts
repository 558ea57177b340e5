import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_ID,
  CTA_MARK,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
  CTA_ZONE,
} from "../../kernel/conntrack/attributes.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import type { EventKind } from "../../kernel/conntrack/event-socket.ts";
import { PROTOCOL_NAMES } from "../../kernel/conntrack/protocol-name.ts";
import { ascii, type ByteWriter } from "../flows/byte-writer.ts";
import { writeAddress, writeConntrackLine, writeU64 } from "../flows/conntrack-line.ts";

/** What a line is about: an event, or an entry that is there when the table is read anew. */
export type LineKind = EventKind | "present";

const LABELS: Readonly<Record<LineKind, Uint8Array>> = {
  new: ascii("    [NEW] "),
  update: ascii(" [UPDATE] "),
  destroy: ascii("[DESTROY] "),
  present: ascii("[PRESENT] "),
};

/** Writes the line that `conntrack -E` prints for the event. `now`: seconds since 1970. */
export function writeEventText(to: ByteWriter, kind: LineKind, entry: ConnectionEntry, now: number): void {
  to.bytes(LABELS[kind]);
  writeConntrackLine(to, entry, false, now);
}

const HEADS: Readonly<Record<LineKind, Uint8Array>> = {
  new: ascii('{"event":"new","at":"'),
  update: ascii('{"event":"update","at":"'),
  destroy: ascii('{"event":"destroy","at":"'),
  present: ascii('{"event":"present","at":"'),
};
const PROTOCOLS = Array.from({ length: 256 }, (_, protocol) => {
  const name = PROTOCOL_NAMES.get(protocol);
  return ascii(`","protocol":${name === undefined ? protocol : `"${name}"`}`);
});
const STATES = PROTOCOL_STATES.map((state) => ascii(`,"state":"${state}"`));
/** The bits that say something to people; the others belong to all confirmed connections. */
const FLAGS = (
  [
    ["seenReply", STATUS.seenReply],
    ["assured", STATUS.assured],
    ["expected", STATUS.expected],
    ["sourceNat", STATUS.sourceNat],
    ["destinationNat", STATUS.destinationNat],
    ["dying", STATUS.dying],
    ["offload", STATUS.offload],
  ] as const
).map(([name, bit]) => [ascii(`"${name}",`), bit] as const);
const STATUS_KEY = ascii(',"status":[');
const TIMEOUT = ascii(',"timeout":');
const ORIGINAL = ascii(',"original":');
const REPLY = ascii(',"reply":');
const SOURCE = ascii('{"source":"');
const DESTINATION = ascii('","destination":"');
const SOURCE_PORT = ascii('","sourcePort":');
const DESTINATION_PORT = ascii(',"destinationPort":');
const PACKETS = ascii(',"packets":');
const BYTES = ascii(',"bytes":');
const MARK = ascii(',"mark":');
const ZONE = ascii(',"zone":');
const ID = ascii(',"id":');
const START = ascii(',"start":');
const STOP = ascii(',"stop":');
const CLOSE_LIST = 0x5d;
const CLOSE = 0x7d;

/** Writes the event as one JSON object on a line. `at`: ISO 8601, in ASCII. */
export function writeEventJson(to: ByteWriter, kind: LineKind, entry: ConnectionEntry, at: Uint8Array): void {
  const { original, reply } = entry;
  to.bytes(HEADS[kind]);
  to.bytes(at);
  to.bytes(PROTOCOLS[original.protocol] ?? COMMA_LESS);
  const state = protocolState(entry);
  if (state >= 0) to.bytes(STATES[state] ?? COMMA_LESS);
  if (entry.has(CTA_STATUS)) writeStatus(to, entry.status);
  if (entry.has(CTA_TIMEOUT)) field(to, TIMEOUT, entry.timeout);
  to.bytes(ORIGINAL);
  writeTuple(to, entry, original, CTA_COUNTERS_ORIG);
  to.bytes(REPLY);
  writeTuple(to, entry, reply, CTA_COUNTERS_REPLY);
  if (entry.has(CTA_MARK)) field(to, MARK, entry.mark);
  if (entry.has(CTA_ZONE)) field(to, ZONE, entry.zone);
  if (entry.has(CTA_ID)) field(to, ID, entry.id);
  writeStamp(to, entry, START, CTA_TIMESTAMP_START);
  writeStamp(to, entry, STOP, CTA_TIMESTAMP_STOP);
  to.byte(CLOSE);
  to.endLine();
}

const COMMA_LESS = new Uint8Array();

function writeStatus(to: ByteWriter, status: number): void {
  to.bytes(STATUS_KEY);
  let some = false;
  for (const [name, bit] of FLAGS) {
    if ((status & bit) === 0) continue;
    to.bytes(name);
    some = true;
  }
  if (some) to.back();
  to.byte(CLOSE_LIST);
}

function writeTuple(to: ByteWriter, entry: ConnectionEntry, tuple: EntryTuple, counters: number): void {
  to.bytes(SOURCE);
  if (tuple.family !== 0) writeAddress(to, entry, tuple, tuple.source, tuple.sourceAt);
  to.bytes(DESTINATION);
  if (tuple.family !== 0) writeAddress(to, entry, tuple, tuple.destination, tuple.destinationAt);
  to.bytes(SOURCE_PORT);
  to.decimal(tuple.sourcePort);
  field(to, DESTINATION_PORT, tuple.destinationPort);
  writeCount(to, entry, PACKETS, counters, CTA_COUNTERS_PACKETS);
  writeCount(to, entry, BYTES, counters, CTA_COUNTERS_BYTES);
  to.byte(CLOSE);
}

function writeCount(to: ByteWriter, entry: ConnectionEntry, key: Uint8Array, type: number, inner: number): void {
  const at = entry.nested(type, inner, 8);
  if (at === 0) return;
  to.bytes(key);
  writeU64(to, entry, at);
}

/** Nanoseconds since 1970, as a text: more digits than JSON's numbers keep. */
function writeStamp(to: ByteWriter, entry: ConnectionEntry, key: Uint8Array, inner: number): void {
  const at = entry.nested(CTA_TIMESTAMP, inner, 8);
  if (at === 0) return;
  to.bytes(key);
  to.byte(QUOTE);
  writeU64(to, entry, at);
  to.byte(QUOTE);
}

const QUOTE = 0x22;

function field(to: ByteWriter, key: Uint8Array, value: number): void {
  to.bytes(key);
  to.decimal(value);
}
