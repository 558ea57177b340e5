import assert from "node:assert/strict";
import { test } from "node:test";
import { counterReport, type Reading } from "./counter-watch.ts";
import type { ConntrackDelta } from "./split.ts";

function reading(time: number, protocols: Record<string, number>, conntrack?: ConntrackDelta): Reading {
  return { time, counters: { protocols: new Map(Object.entries(protocols)), conntrack } };
}

void test("causes from the kernel's counters alone", () => {
  const report = counterReport(
    reading(1000, { "Udp.NoPorts": 5, "Ip.InAddrErrors": 1 }, { drop: 10, insertFailed: 0, chainTooLong: 0 }),
    reading(3000, { "Udp.NoPorts": 9, "Ip.InAddrErrors": 1 }, { drop: 40, insertFailed: 10, chainTooLong: 0 }),
  );
  assert.equal(report.seconds, 2);
  assert.equal(report.packets, 34);
  assert.deepEqual(
    report.causes.map(({ cause, packets }) => [cause, packets]),
    [
      ["table-full", 20],
      ["port-exhaustion", 10],
      ["no-socket", 4],
    ],
  );
});

void test("a counter that stands for two causes is told once", () => {
  const report = counterReport(reading(0, {}), reading(1000, { "Ip.InAddrErrors": 3 }));
  assert.deepEqual(
    report.causes.map(({ cause, packets }) => [cause, packets]),
    [["not-forwarding", 3]],
  );
});

void test("without the right to read connection tracking nothing is said of it", () => {
  const full = { drop: 10, insertFailed: 0, chainTooLong: 0 };
  assert.deepEqual(counterReport(reading(0, {}), reading(1000, {}, full)).causes, []);
});
