import assert from "node:assert/strict";
import { test } from "node:test";
import { flow, signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { FlowSignal } from "../signals/table.ts";
import { mode } from "./asymmetric-path.ts";

const asked = (index: number, more: Partial<FlowSignal> = {}): FlowSignal => {
  const [source, sourcePort] = [`10.64.1.${index}`, 40_000 + index];
  const [destination, destinationPort] = ["198.51.100.9", 80];
  return flow({
    original: { source, sourcePort, destination, destinationPort },
    reply: { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort },
    state: "SYN_SENT",
    status: [],
    ...more,
  });
};
const many = (count: number, more: Partial<FlowSignal> = {}): FlowSignal[] =>
  Array.from({ length: count }, (_, i) => asked(i + 1, more));
const SYN_SENT = [state({ protocol: 6, state: "SYN_SENT", count: 600, unreplied: 600 })];

function questions(flows: readonly FlowSignal[], invalid: number): SignalChanges {
  return {
    table: { untranslated: flows, states: SYN_SENT },
    deltas: { "conntrack.invalid": invalid, "conntrack.count": 10 },
  };
}

/** Picked up in the middle: from a server to its client. */
function answers(count: number, server: (index: number) => string, client: (index: number) => string): SignalChanges {
  const oneWay = Array.from({ length: count }, (_, i) => {
    const original = { source: server(i), sourcePort: 443, destination: client(i), destinationPort: 40_000 + i };
    return asked(i, { original, state: "ESTABLISHED" });
  });
  return { table: { oneWay } };
}

test("questions without their answers, and what follows them is invalid", () => {
  const [found] = mode.examine(signals(questions(many(20), 100)));
  assert.equal(
    found?.summary,
    "Of 600 connections only the packets from who began them to who is called pass through this host",
  );
  assert.deepEqual(
    found.evidence.slice(2).map(({ value }) => value),
    ["lan", "wan via 203.0.113.1"],
  );
});

test("answers without their questions", () => {
  const [found] = mode.examine(
    signals(
      answers(
        20,
        (i) => `198.51.100.${i % 3}`,
        (i) => `10.64.1.${i}`,
      ),
    ),
  );
  assert.match(found?.summary ?? "", /^Of 20 connections only the packets from the servers to their clients/);
});

test("what looks alike", () => {
  const zone = { zones: [{ key: "5", count: 600, unreplied: 600 }] };
  const inZone = questions(many(20, { zone: 5 }), 100);
  const cases: readonly SignalChanges[] = [
    {},
    // A flood of SYN, or a server that is down: nothing follows.
    questions(many(20), 2),
    // Some servers are down, the rest answers; here and there an invalid packet.
    questions([...many(10), ...many(30, { state: "ESTABLISHED", status: ["seen-reply"] })], 100),
    questions(many(5), 100),
    { ...inZone, table: { ...inZone.table, ...zone } },
    // A scan with ACK.
    answers(
      30,
      () => "198.51.100.66",
      (i) => `10.64.1.${i}`,
    ),
    // To the host itself.
    answers(
      30,
      (i) => `198.51.100.${i}`,
      () => "203.0.113.2",
    ),
    answers(
      3,
      (i) => `198.51.100.${i}`,
      (i) => `10.64.1.${i}`,
    ),
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
});
