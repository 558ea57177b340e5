import type { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import type { EventKind } from "../../kernel/conntrack/event-socket.ts";
import { ascii, type ByteWriter } from "../flows/byte-writer.ts";
import { writeConntrackLine } from "../flows/conntrack-line.ts";
import { writeJsonLine } from "../flows/json-line.ts";

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

/** How the JSON lines of events begin that are read at one time. */
export type JsonBeginnings = Readonly<Record<LineKind, Uint8Array>>;

/** Makes the beginnings for events read at a time, ISO 8601. */
export function jsonBeginnings(at: string): JsonBeginnings {
  const begin = (event: LineKind): Uint8Array => ascii(`{"event":"${event}","at":"${at}",`);
  return { new: begin("new"), update: begin("update"), destroy: begin("destroy"), present: begin("present") };
}

/** Writes the event as a JSON object on a line: what it is, when it was read, and the entry as `flows` has it. */
export function writeEventJson(to: ByteWriter, kind: LineKind, entry: ConnectionEntry, begin: JsonBeginnings): void {
  writeJsonLine(to, entry, begin[kind]);
}
