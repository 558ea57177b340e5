import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogRecord, type LogRecord } from "../../kernel/kernel-log.ts";
import { LogSummary } from "./log-summary.ts";

function record(sequence: number, seconds: number, text: string): LogRecord {
  return { level: 4, sequence, microseconds: seconds * 1e6, text };
}

test("records of /dev/kmsg", () => {
  assert.deepEqual(parseLogRecord("4,867,3498149532,-;lan0: entered promiscuous mode\n SUBSYSTEM=net\n DEVICE=+x\n"), {
    level: 4,
    sequence: 867,
    microseconds: 3498149532,
    text: "lan0: entered promiscuous mode",
  });
  assert.equal(parseLogRecord("30,5,1,-,caller=T1;from a program\n")?.level, 6);
  assert.equal(parseLogRecord("30,5,1,-,caller=T1;a\\x0ab \\xc3\\xa9\\x5c\n")?.text, "a\nb é\\");
  for (const bad of ["", "no record", "4,867", "4,867,x,-;text"]) assert.equal(parseLogRecord(bad), undefined, bad);
});

test("counts, first and last time, losses first", () => {
  const summary = new LogSummary(1_000_000);
  summary.add(record(40, 1, "net_ratelimit: 500 callbacks suppressed"));
  summary.add(record(41, 2, "nf_conntrack: nf_conntrack: table full, dropping packet"));
  summary.add(record(42, 3, "eth0: link is up"));
  summary.add(record(43, 5.5, "nf_conntrack: nf_conntrack: table full, dropping packet"));
  summary.add(record(44, 6, "net_ratelimit: 70 callbacks suppressed"));
  assert.deepEqual(
    summary.findings.map(({ kind, of, count, first, last }) => [kind.id, of, count, first, last]),
    [
      ["table-full", "", 2, 1_002_000, 1_005_500],
      ["messages-suppressed", "net_ratelimit", 570, 1_001_000, 1_006_000],
    ],
  );
  assert.deepEqual([summary.records, summary.before, summary.missed, summary.oldest], [5, 40, 0, 1_001_000]);
});

test("gaps in the numbers are messages that were overwritten", () => {
  const summary = new LogSummary(0);
  for (const sequence of [100, 101, 150, 151, 160]) summary.add(record(sequence, 1, "x"));
  assert.deepEqual([summary.before, summary.missed], [100, 48 + 8]);
});

test("forged sources without end take no memory without end, and are still counted", () => {
  const summary = new LogSummary(0);
  for (let i = 0; i < 1000; i++)
    summary.add(record(i, i, `IPv4: martian source 10.0.0.1 from 10.9.${i >> 8}.${i & 255}, on dev wan`));
  const { findings } = summary;
  assert.equal(findings.length, 65);
  assert.equal(
    findings.reduce((sum, { count }) => sum + count, 0),
    1000,
  );
  assert.deepEqual([findings[0]?.of, findings[0]?.count], ["others", 936]);
});
