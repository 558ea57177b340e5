import type { LogRecord } from "../../kernel/kernel-log.ts";
import { command } from "../command.ts";

interface Flags {
  readonly follow: boolean;
}

/** The kernel's log has no bell to ring without blocking: this is how late a message may be told. */
const LOOK_MS = 250;

/** Says in plain words what the kernel's log tells of NAT. */
export const log = command<Flags, []>({
  brief: "Say in plain words what the kernel's log tells of NAT",
  description: [
    "Reads the kernel's messages, picks out those about NAT (table full, martians, neighbour overflow, helpers, invalid",
    "packets, ...), counts them, and says what they mean and what to do. The log is the whole host's, all namespaces",
    "together, and limited: messages that come too often are left out by the kernel, and old ones are overwritten; both",
    "are said. `meganat stats` has the true counts.",
    "Exit status 1 if a message tells of packets lost.",
  ].join("\n"),
  examples: [
    ["meganat log", "what has been logged since boot"],
    ["meganat log --follow", "then each new message as it comes, until Ctrl-C"],
  ],
  json: [
    ["findings", "by kind: { id, of, tells, count, first, last, words, remedy, text }"],
    ["records", "messages read"],
    ["overwrittenBefore", "messages since boot that were no longer there"],
    ["overwrittenSince", "messages overwritten while reading"],
    ["oldest", "when the oldest message was written, ISO 8601"],
    ["notes", "what the log cannot show here"],
    ["with --follow", "after that a line for each message: { at, id, of, count, tells, words, text }"],
  ],
  parameters: {
    flags: { follow: { kind: "boolean", brief: "Go on with new messages until Ctrl-C", default: false } },
    aliases: { f: "follow" },
  },
  run: async ({ output, netns }, { follow }) => {
    const [{ KernelLog, logEpoch }, { LogSummary }, { logNotes }, { logText, logJson, localTime }, waiting] =
      await Promise.all([
        import("../../kernel/kernel-log.ts"),
        import("../../observe/log/log-summary.ts"),
        import("../../observe/log/log-notes.ts"),
        import("../log-text.ts"),
        import("../until-stopped.ts"),
      ]);
    const source = new KernelLog();
    try {
      const summary = new LogSummary(logEpoch());
      // The gap in the sequence numbers says how many were overwritten.
      for (let record = source.next(); record !== undefined; record = source.next()) {
        if (record !== "overwritten") summary.add(record);
      }
      const notes = logNotes(netns);
      const text = logText(summary, notes, output.paint);
      const json = logJson(summary, notes);
      const status = summary.findings.some(({ kind }) => kind.tells === "loss") ? 1 : 0;
      if (!follow) return { json, text, status };
      await output.stream(output.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
      const lineOf = (record: LogRecord): string => {
        const missedBefore = summary.missed;
        const match = summary.add(record);
        const at = summary.timeOf(record);
        const missed = summary.missed - missedBefore;
        const gap = missed === 0 ? [] : [gapLine(missed, at)];
        if (match === undefined) return gap.join("");
        const { kind, of, count } = match;
        const { id, tells, words } = kind;
        const found = { at: new Date(at).toISOString(), id, of, count, tells, words, text: record.text };
        const line = output.json ? JSON.stringify(found) : `${localTime(at)} ${id}: ${words}\n  ${record.text}`;
        return [...gap, `${line}\n`].join("");
      };
      const gapLine = (missed: number, at: number): string =>
        output.json
          ? `${JSON.stringify({ at: new Date(at).toISOString(), id: "overwritten", count: missed })}\n`
          : `${localTime(at)} ${missed} messages were overwritten before they could be read\n`;
      await waiting.untilStopped(async (signal) => {
        while (!signal.aborted) {
          const lines: string[] = [];
          for (let record = source.next(); record !== undefined; record = source.next()) {
            if (record !== "overwritten") lines.push(lineOf(record));
          }
          if (lines.length > 0) await output.stream(lines.join(""));
          await waiting.pause(LOOK_MS, signal);
        }
      });
      return { handedOver: summary.findings.some(({ kind }) => kind.tells === "loss") ? 1 : 0 };
    } finally {
      source.close();
    }
  },
});
