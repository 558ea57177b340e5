import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from "../../kernel/conntrack/attributes.ts";
import { STATUS } from "../../kernel/conntrack/connection.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { PROTOCOL_STATES, protocolState } from "../../kernel/conntrack/entry-protocol.ts";
import type { EntryTuple } from "../../kernel/conntrack/entry-tuple.ts";
import { PORT_PROTOCOLS, protocolName } from "../../kernel/conntrack/protocol-name.ts";
import { ascii, type ByteWriter } from "./byte-writer.ts";

const WIDTHS = { protocol: 7, state: 12, left: 7, address: 22 } as const;
const PROTOCOLS = Array.from({ length: 256 }, (_, protocol) => ascii(protocolName(protocol).padEnd(WIDTHS.protocol)));
const STATES = PROTOCOL_STATES.map((state) => ascii(state.padEnd(WIDTHS.state)));
const UNREPLIED = ascii("unreplied".padEnd(WIDTHS.state));
const REPLIED = ascii("replied".padEnd(WIDTHS.state));
const ASSURED = ascii("assured".padEnd(WIDTHS.state));
const AS = ascii("as ");
const TO = ascii("to ");
const BLANK = 0x20;
const UNITS = [
  [86_400, 0x64],
  [3600, 0x68],
  [60, 0x6d],
  [1, 0x73],
] as const;

/** The head of the table whose rows `writeTableLine` writes. */
export const TABLE_HEAD = [
  "PROTO".padEnd(WIDTHS.protocol),
  "STATE".padEnd(WIDTHS.state),
  "LEFT".padEnd(WIDTHS.left),
  "FROM".padEnd(WIDTHS.address),
  "TO".padEnd(WIDTHS.address),
  "TRANSLATED",
].join(" ");

/** Writes the entry as a row for people: from where, to where, and what either was translated to. */
export function writeTableLine(to: ByteWriter, entry: ConnectionEntry): void {
  const { original, reply, status } = entry;
  to.bytes(PROTOCOLS[original.protocol] ?? AS);
  to.byte(BLANK);
  const state = protocolState(entry);
  if (state >= 0) to.bytes(STATES[state] ?? AS);
  else if ((status & STATUS.seenReply) === 0) to.bytes(UNREPLIED);
  else to.bytes((status & STATUS.assured) === 0 ? REPLIED : ASSURED);
  to.byte(BLANK);
  let column = to.length;
  writeTime(to, entry.timeout);
  to.padTo(column, WIDTHS.left + 1);
  column = to.length;
  writeEnd(to, entry, original, true);
  to.padTo(column, WIDTHS.address);
  to.byte(BLANK);
  column = to.length;
  writeEnd(to, entry, original, false);
  if ((status & STATUS.sourceNat) !== 0 || (status & STATUS.destinationNat) !== 0) {
    to.padTo(column, WIDTHS.address);
    to.byte(BLANK);
  }
  if ((status & STATUS.sourceNat) !== 0) {
    to.bytes(AS);
    writeEnd(to, entry, reply, false);
    to.byte(BLANK);
  }
  if ((status & STATUS.destinationNat) !== 0) {
    to.bytes(TO);
    writeEnd(to, entry, reply, true);
    to.byte(BLANK);
  }
  if ((status & (STATUS.sourceNat | STATUS.destinationNat)) !== 0) to.back();
  to.endLine();
}

/** In the largest unit that it has one of. */
function writeTime(to: ByteWriter, seconds: number): void {
  const [unit, letter] = UNITS.find(([size]) => seconds >= size) ?? [1, 0x73];
  to.decimal(Math.floor(seconds / unit));
  to.byte(letter);
}

/** Address and port; for ICMP the identifier, which is the same for both ends. */
function writeEnd(to: ByteWriter, entry: ConnectionEntry, tuple: EntryTuple, source: boolean): void {
  const { family, protocol } = tuple;
  const withPort = PORT_PROTOCOLS.has(protocol);
  const icmp = protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6;
  if (family === 2) to.ipv4(source ? tuple.source : tuple.destination);
  else if (family === 10) {
    const at = source ? tuple.sourceAt : tuple.destinationAt;
    if (withPort) to.byte(0x5b);
    to.ipv6(entry.buffer.bytes, at);
    if (withPort) to.byte(0x5d);
  }
  if (!withPort && !icmp) return;
  to.byte(0x3a);
  to.decimal(icmp || source ? tuple.sourcePort : tuple.destinationPort);
}
