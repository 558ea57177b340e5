import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, state, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./syn-flood.ts";

const SPREAD = [{ key: "198.51.100.1", count: 3 }];

function halfOpen(
  name: string,
  count: number,
  young: number,
  established: number,
): NonNullable<SignalChanges["table"]> {
  return {
    states: [
      state({ protocol: 6, state: "ESTABLISHED", count: established, assured: established }),
      state({ protocol: 6, state: name, count, unreplied: count, idle: [young, count - young, 0, 0, 0, 0, 0] }),
    ],
    halfOpen: { sources: SPREAD, destinations: [{ key: "203.0.113.2:8080", count }] },
  };
}

const TABLE: readonly (readonly [what: string, changes: SignalChanges, severity: string | undefined])[] = [
  ["an ordinary gateway", {}, undefined],
  ["answered, never acknowledged", { table: halfOpen("SYN_RECV", 9000, 4000, 3000) }, "degraded"],
  ["not answered", { table: halfOpen("SYN_SENT", 9000, 4000, 3000) }, "degraded"],
  ["and the table is full", { table: halfOpen("SYN_SENT", 9000, 4000, 3000), drops: [drop("table-full", 9)] }, "loss"],
  ["as many as a busy gateway has", { table: halfOpen("SYN_SENT", 9000, 4000, 100_000) }, undefined],
  ["a server that was down for a minute", { table: halfOpen("SYN_SENT", 1500, 200, 1000) }, undefined],
  ["few, on an idle gateway", { table: halfOpen("SYN_SENT", 600, 600, 10) }, undefined],
];

for (const [what, changes, severity] of TABLE) {
  test(`syn-flood: ${what}`, () => {
    const found = mode.examine(signals(changes));
    assert.deepEqual(
      found.map((one) => one.severity ?? mode.severity),
      severity === undefined ? [] : [severity],
    );
  });
}

const PLACES: readonly (readonly [
  what: string,
  places: Partial<Record<"sources" | "destinations", string>>,
  summary: RegExp,
  fix: RegExp,
])[] = [
  ["a subscriber scans", { sources: "10.64.1.66" }, /from 10\.64\.1\.66$/, /ip saddr 10\.64\.1\.66 .*limit rate/],
  [
    "a port forward is flooded",
    { destinations: "203.0.113.2:8080" },
    /to 203\.0\.113\.2:8080$/,
    /prerouting priority raw/,
  ],
  ["a server behind is flooded", { destinations: "198.51.100.7:443" }, /to 198\.51\.100\.7:443$/, /synproxy mss/],
  ["from everywhere to everywhere", {}, /new ones$/, /syn_recv=15/],
];

for (const [what, places, summary, fix] of PLACES) {
  test(`syn-flood: ${what}`, () => {
    const all = (key: string | undefined) => (key === undefined ? SPREAD : [{ key, count: 9000 }]);
    const table = {
      ...halfOpen("SYN_SENT", 9000, 4000, 100),
      halfOpen: { sources: all(places.sources), destinations: all(places.destinations) },
    };
    const [found] = mode.examine(signals({ table }));
    assert.match(found?.summary ?? "", summary);
    assert.match(found?.fixes[0]?.commands?.join("\n") ?? "", fix);
  });
}
