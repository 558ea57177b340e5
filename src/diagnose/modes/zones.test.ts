import assert from "node:assert/strict";
import { test } from "node:test";
import { flow, signals } from "../../../test/fixtures/signals.ts";
import { mode } from "./zones.ts";

const asked = flow({ zone: 5, status: ["snat"], protocol: 17 });
const answer = flow({ zone: 0, status: [], protocol: 17, original: asked.reply, reply: asked.original });
const stray = { flow: asked, answer };
const TWO = [
  { key: "0", count: 900, unreplied: 300 },
  { key: "5", count: 100, unreplied: 100 },
];

test("answers that are connections of their own in another zone", () => {
  const [found] = mode.examine(signals({ table: { zones: TWO, strayAnswers: [stray, stray, stray] } }));
  assert.equal(found?.subject, "zone 5");
  assert.equal(found.summary, "Connections are in zone 5; their answers are looked up in zone 0");
  assert.equal(found.top?.rows.length, 3);
});

test("a zone that nobody answers to, and invalid packets as many", () => {
  const one = { zones: [{ key: "5", count: 100, unreplied: 100 }] };
  const [found] = mode.examine(signals({ table: one, deltas: { "conntrack.invalid": 200 } }));
  assert.equal(found?.summary, "Connections are in zone 5; no answer finds them");
});

test("zones that are in order", () => {
  const answered = [
    { key: "0", count: 900, unreplied: 90 },
    { key: "5", count: 100, unreplied: 10 },
  ];
  const cases = [
    {},
    { deltas: { "conntrack.invalid": 1000 } },
    { table: { zones: answered }, deltas: { "conntrack.invalid": 1000 } },
    // Senders that want no answer (syslog) make no invalid packets.
    { table: { zones: TWO } },
    // The same ports in two zones by chance.
    { table: { zones: answered, strayAnswers: [stray] } },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
});
