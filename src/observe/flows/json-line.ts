import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_ID,
  CTA_LABELS,
  CTA_MARK,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_EVENT,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
  CTA_USE,
  CTA_ZONE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
} from "../../kernel/conntrack/attributes.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { GRE, PORT_PROTOCOLS, protocolName } from "../../kernel/conntrack/protocol-name.ts";
import { DETAIL_GROUPS } from "../../kernel/conntrack/entry-detail.ts";
import { ascii, type ByteWriter } from "./byte-writer.ts";
import { eachLabel } from "./line-additions.ts";
import { writeAddress, writeU64 } from "./conntrack-line.ts";
import { STATUS_NAMES } from "./status-name.ts";

const HEADS = Array.from({ length: 256 }, (_, protocol) =>
  ascii(`","protocol":"${protocolName(protocol)}","protocolNumber":${protocol}`),
);
const BEGIN = ascii("{");
const FAMILY4 = ascii('"family":"ipv4');
const FAMILY6 = ascii('"family":"ipv6');
const STATES = PROTOCOL_STATES.map((state) => ascii(`,"state":"${state}"`));
/** Lists of names by the status they stand for, as they come up. */
const STATUS_LISTS = new Map<number, Uint8Array>();
const TEXT = {
  original: ascii(',"original":'),
  reply: ascii(',"reply":'),
  master: ascii(',"master":'),
  source: ascii('"source":"'),
  destination: ascii('","destination":"'),
  sourcePort: ascii('","sourcePort":'),
  destinationPort: ascii(',"destinationPort":'),
  type: ascii('","type":'),
  code: ascii(',"code":'),
  icmpId: ascii(',"id":'),
  sourceKey: ascii('","sourceKey":'),
  destinationKey: ascii(',"destinationKey":'),
  tupleZone: ascii(',"zone":'),
  packets: ascii(',"packets":"'),
  bytes: ascii('","bytes":"'),
  timeout: ascii(',"timeout":'),
  mark: ascii(',"mark":'),
  zone: ascii(',"zone":'),
  labels: ascii(',"labels":['),
  helper: ascii(',"helper":'),
  secctx: ascii(',"secctx":'),
  event: ascii(',"event":"'),
  start: ascii(',"start":"'),
  stop: ascii(',"stop":"'),
  use: ascii(',"use":'),
  id: ascii(',"id":'),
} as const;
const DETAILS = DETAIL_GROUPS.map(({ name, outer, inner, fields }) => ({
  outer,
  inner,
  name: ascii(`,"${name}":{`),
  fields: fields.map(([type, field, bytes]) => ({ type, bytes, name: ascii(`"${field}":`) })),
}));
const [OPEN, CLOSE, COMMA, QUOTE, END_LIST] = [0x7b, 0x7d, 0x2c, 0x22, 0x5d];

/**
 * Writes all that the kernel said of the entry as a JSON object on a line. 64-bit numbers are texts. `begin`: the brace
 * it opens with, and further members with a comma after each.
 */
export function writeJsonLine(to: ByteWriter, entry: ConnectionEntry, begin: Uint8Array = BEGIN): void {
  const { original, reply } = entry;
  to.bytes(begin);
  to.bytes(entry.family === 2 ? FAMILY4 : FAMILY6);
  to.bytes(HEADS[original.protocol] ?? FAMILY4);
  const state = protocolState(entry);
  if (state >= 0) to.bytes(STATES[state] ?? FAMILY4);
  if (entry.has(CTA_TIMEOUT)) number(to, TEXT.timeout, entry.timeout);
  writeTuple(to, entry, TEXT.original, original, CTA_COUNTERS_ORIG);
  writeTuple(to, entry, TEXT.reply, reply, CTA_COUNTERS_REPLY);
  writeStatus(to, entry.status);
  if (entry.has(CTA_MARK)) number(to, TEXT.mark, entry.mark);
  if (entry.has(CTA_ZONE)) number(to, TEXT.zone, entry.zone);
  if (entry.has(CTA_LABELS)) writeLabels(to, entry);
  writeText(to, entry, TEXT.helper, entry.helper());
  writeText(to, entry, TEXT.secctx, entry.securityContext());
  writeTime(to, entry, TEXT.start, CTA_TIMESTAMP_START);
  writeTime(to, entry, TEXT.stop, CTA_TIMESTAMP_STOP);
  if (entry.has(CTA_USE)) number(to, TEXT.use, entry.use);
  if (entry.has(CTA_ID)) number(to, TEXT.id, entry.id);
  if (entry.readMaster()) writeTuple(to, entry, TEXT.master, entry.master, 0);
  for (const group of DETAILS) writeDetail(to, entry, group);
  if (entry.has(CTA_TIMESTAMP_EVENT)) {
    to.bytes(TEXT.event);
    to.big(entry.buffer.bigU64(entry.at(CTA_TIMESTAMP_EVENT)));
    to.byte(QUOTE);
  }
  to.byte(CLOSE);
  to.endLine();
}

function writeTuple(
  to: ByteWriter,
  entry: ConnectionEntry,
  name: Uint8Array,
  tuple: EntryTuple,
  counters: number,
): void {
  to.bytes(name);
  to.byte(OPEN);
  to.bytes(TEXT.source);
  if (tuple.family !== 0) writeAddress(to, entry, tuple, tuple.source, tuple.sourceAt);
  to.bytes(TEXT.destination);
  if (tuple.family !== 0) writeAddress(to, entry, tuple, tuple.destination, tuple.destinationAt);
  const { protocol, sourcePort, destinationPort } = tuple;
  if (PORT_PROTOCOLS.has(protocol)) {
    number(to, TEXT.sourcePort, sourcePort);
    number(to, TEXT.destinationPort, destinationPort);
  } else if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    number(to, TEXT.type, destinationPort >>> 8);
    number(to, TEXT.code, destinationPort & 255);
    number(to, TEXT.icmpId, sourcePort);
  } else if (protocol === GRE) {
    number(to, TEXT.sourceKey, sourcePort);
    number(to, TEXT.destinationKey, destinationPort);
  } else to.byte(QUOTE);
  if (tuple.zone >= 0) number(to, TEXT.tupleZone, tuple.zone);
  if (counters !== 0) writeCounters(to, entry, counters);
  to.byte(CLOSE);
}

/** Details are few, and most entries have none: a group without fields leaves nothing. */
function writeDetail(to: ByteWriter, entry: ConnectionEntry, group: (typeof DETAILS)[number]): void {
  const { outer, inner, fields } = group;
  if (!entry.has(outer)) return;
  const start = inner === 0 ? entry.at(outer) : entry.nested(outer, inner, 0);
  if (start === 0) return;
  const end = inner === 0 ? entry.end(outer) : entry.nestedEnd;
  let some = false;
  for (const { type, bytes, name } of fields) {
    const at = entry.find(start, end, type, bytes);
    if (at === 0) continue;
    if (!some) to.bytes(group.name);
    some = true;
    to.bytes(name);
    writeValue(to, entry, at, bytes);
    to.byte(COMMA);
  }
  if (!some) return;
  to.back();
  to.byte(CLOSE);
}

function writeValue(to: ByteWriter, { buffer }: ConnectionEntry, at: number, bytes: 1 | 4 | 8): void {
  if (bytes === 1) to.decimal(buffer.bytes[at] ?? 0);
  else if (bytes === 4) to.decimal(buffer.u32(at));
  else {
    to.byte(QUOTE);
    to.big(buffer.bigU64(at));
    to.byte(QUOTE);
  }
}

function writeCounters(to: ByteWriter, entry: ConnectionEntry, direction: number): void {
  const packets = entry.nested(direction, CTA_COUNTERS_PACKETS, 8);
  const bytes = entry.nested(direction, CTA_COUNTERS_BYTES, 8);
  if (packets === 0 || bytes === 0) return;
  to.bytes(TEXT.packets);
  writeU64(to, entry, packets);
  to.bytes(TEXT.bytes);
  writeU64(to, entry, bytes);
  to.byte(QUOTE);
}

function writeStatus(to: ByteWriter, status: number): void {
  let text = STATUS_LISTS.get(status);
  if (text === undefined) {
    const names = STATUS_NAMES.filter(([bit]) => (status & bit) !== 0).map(([, name]) => `"${name}"`);
    text = ascii(`,"status":[${names.join(",")}]`);
    // There are few; unless somebody sends what no kernel does.
    if (STATUS_LISTS.size < 1000) STATUS_LISTS.set(status, text);
  }
  to.bytes(text);
}

/** The numbers of the bits that are set; connlabel.conf has their names. */
function writeLabels(to: ByteWriter, entry: ConnectionEntry): void {
  to.bytes(TEXT.labels);
  let some = false;
  eachLabel(entry, (bit) => {
    to.decimal(bit);
    to.byte(COMMA);
    some = true;
  });
  endList(to, some);
}

function endList(to: ByteWriter, some: boolean): void {
  if (some) to.back();
  to.byte(END_LIST);
}

function writeText(to: ByteWriter, entry: ConnectionEntry, name: Uint8Array, at: number): void {
  if (at === 0) return;
  to.bytes(name);
  const text = Buffer.from(entry.buffer.bytes.subarray(at, Math.min(entry.nestedEnd, at + 1024))).toString("utf8");
  to.bytes(Buffer.from(JSON.stringify(text)));
}

/** Nanoseconds since 1970 as a text. */
function writeTime(to: ByteWriter, entry: ConnectionEntry, name: Uint8Array, type: number): void {
  const at = entry.nested(CTA_TIMESTAMP, type, 8);
  if (at === 0) return;
  to.bytes(name);
  to.big(entry.buffer.bigU64(at));
  to.byte(QUOTE);
}

function number(to: ByteWriter, name: Uint8Array, value: number): void {
  to.bytes(name);
  to.decimal(value);
}
