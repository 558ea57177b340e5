import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { DroppedHeader } from "../signals.ts";
import { mode } from "./udp-timeouts.ts";

function timeouts(unreplied: number, stream: number): NonNullable<SignalChanges["settings"]> {
  return {
    "net.netfilter.nf_conntrack_udp_timeout": String(unreplied),
    "net.netfilter.nf_conntrack_udp_timeout_stream": String(stream),
  };
}

function toPool(sourcePort: number, destinationPort: number): DroppedHeader {
  return header("no-socket", {
    interface: "wan",
    source: "198.51.100.9",
    sourcePort,
    destination: "203.0.113.10",
    destinationPort,
  });
}

function idle(protocol: number, count: number, ofEntries: number): NonNullable<SignalChanges["table"]> {
  const times = [ofEntries - count, 0, 0, count, 0, 0, 0];
  return { entries: ofEntries, states: [state({ protocol, count: ofEntries, idle: times })] };
}

const LATE = { drops: [drop("no-socket", 300)], headers: [toPool(443, 40_000), toPool(443, 41_000)] };
const SCANNED = { drops: [drop("no-socket", 300)], headers: [toPool(54_321, 161), toPool(53, 123)] };

const TABLE: readonly (readonly [what: string, changes: SignalChanges, found: readonly string[]])[] = [
  ["as RFC 4787 asks", {}, []],
  ["the kernel's own", { settings: timeouts(30, 120) }, []],
  [
    "the kernel's own, some answers late",
    { settings: timeouts(30, 120), drops: [drop("no-socket", 40)], headers: LATE.headers },
    [],
  ],
  ["the kernel's own, many answers late", { settings: timeouts(30, 120), ...LATE }, ["too short risk"]],
  ["as RFC 4787 asks, many answers late", LATE, []],
  ["short", { settings: timeouts(10, 30) }, ["too short risk"]],
  ["short, answers late", { settings: timeouts(10, 30), ...LATE }, ["too short degraded"]],
  ["short, scanned from outside", { settings: timeouts(10, 30), ...SCANNED }, ["too short risk"]],
  ["the kernel's own, scanned from outside", { settings: timeouts(30, 120), ...SCANNED }, []],
  ["short, and no UDP at all", { settings: timeouts(10, 30), table: { states: [] } }, []],
  [
    "a day, and idle ones fill the table",
    { settings: timeouts(120, 86_400), table: idle(17, 90_000, 100_000) },
    ["too long risk"],
  ],
  [
    "a day, idle ones far from the limit",
    { settings: timeouts(120, 86_400), table: idle(17, 3000, 4000) },
    ["too long note"],
  ],
  ["a day, few idle", { settings: timeouts(120, 86_400) }, []],
  ["a day, and TCP is what idles", { settings: timeouts(120, 86_400), table: idle(6, 90_000, 100_000) }, []],
];

for (const [what, changes, expected] of TABLE) {
  test(`udp-timeouts: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => `${one.subject} ${one.severity}`),
      expected,
    );
  });
}

test("udp-timeouts: explains as many drops as the sample says, and changes only what is off", () => {
  const changes = { settings: timeouts(10, 300), drops: [drop("no-socket", 300)] };
  const [found] = mode.examine(signals({ ...changes, headers: [toPool(443, 40_000), toPool(7000, 8000)] }));
  assert.deepEqual(found?.explains, [{ cause: "no-socket", packets: 150 }]);
  assert.deepEqual(found.fixes[0]?.safe, [
    { kind: "sysctl", name: "net.netfilter.nf_conntrack_udp_timeout", value: "120" },
  ]);
});
