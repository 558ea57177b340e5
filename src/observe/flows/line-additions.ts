import {
  CTA_ID,
  CTA_LABELS,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
} from "../../kernel/conntrack/attributes.ts";
import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { ascii, type ByteWriter } from "./byte-writer.ts";
import type { LineAdditions } from "./conntrack-line.ts";
import type { LineDetail } from "./flow-order.ts";

const ID = ascii("id=");
const LABELS = ascii("labels=");
const START = ascii("[start=");
const STOP = ascii("[stop=");
const END = ascii("] ");
const [COMMA, BLANK] = [0x2c, 0x20];
const NANOSECONDS = 1e9;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/**
 * What conntrack adds to its lines with `-o id`, `ktimestamp` and `labels`. A label that has no name gets its number,
 * which conntrack leaves out.
 */
export function lineAdditions(details: readonly LineDetail[], names: ReadonlyMap<number, string>): LineAdditions {
  const [id, times, labels] = [details.includes("id"), details.includes("ktimestamp"), details.includes("labels")];
  const labelTexts = Array.from({ length: 128 }, (_, bit) => ascii(names.get(bit) ?? String(bit)));
  return {
    afterTime: (to, entry) => {
      if (!times) return;
      writeTime(to, entry, START, CTA_TIMESTAMP_START);
      writeTime(to, entry, STOP, CTA_TIMESTAMP_STOP);
    },
    atEnd: (to, entry) => {
      if (id && entry.has(CTA_ID)) {
        to.bytes(ID);
        to.decimal(entry.id);
        to.byte(BLANK);
      }
      if (labels && entry.has(CTA_LABELS)) writeLabels(to, entry, labelTexts);
    },
  };
}

/** Calls back with the number of each bit that is set, lowest first. */
export function eachLabel(entry: ConnectionEntry, visit: (bit: number) => void): void {
  const { bytes } = entry.buffer;
  const [start, end] = [entry.at(CTA_LABELS), entry.end(CTA_LABELS)];
  for (let bit = 0; bit < Math.min(128, (end - start) * 8); bit++) {
    if ((((bytes[start + (bit >>> 3)] ?? 0) >>> (bit & 7)) & 1) !== 0) visit(bit);
  }
}

function writeLabels(to: ByteWriter, entry: ConnectionEntry, texts: readonly Uint8Array[]): void {
  let some = false;
  eachLabel(entry, (bit) => {
    if (some) to.byte(COMMA);
    else to.bytes(LABELS);
    some = true;
    to.bytes(texts[bit] ?? LABELS);
  });
  if (some) to.byte(BLANK);
}

function writeTime(to: ByteWriter, entry: ConnectionEntry, name: Uint8Array, type: number): void {
  const at = entry.nested(CTA_TIMESTAMP, type, 8);
  if (at === 0) return;
  to.bytes(name);
  to.bytes(ascii(calendarTime(Math.floor(entry.buffer.u64(at) / NANOSECONDS))));
  to.bytes(END);
}

/** The host's local time as ctime(3) writes it: `Sat Nov  7 03:04:05 2026`. */
export function calendarTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0"));
  const day = String(date.getDate()).padStart(2, " ");
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${clock.join(":")} ${date.getFullYear()}`;
}
