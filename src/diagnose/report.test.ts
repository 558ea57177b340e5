import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, signals, type SignalChanges } from "../../test/fixtures/signals.ts";
import type { FailureMode } from "./failure-mode.ts";
import type { Observation, Severity } from "./finding.ts";
import { diagnose } from "./report.ts";

/** A mode that always finds the same. */
function mode(id: string, severity: Severity, more: Partial<FailureMode> = {}, found: Partial<Observation> = {}) {
  const observation = { summary: id, evidence: [], fixes: [], ...found };
  return { id, title: id, severity, why: "it does", needs: [], examine: () => [observation], ...more };
}

const NONE = { examine: () => [] };
const LOST: SignalChanges = { drops: [drop("no-route", 300), drop("table-full", 100), drop("not-for-us", 40)] };

void test("findings are listed worst first: by severity, then by what is lost, then by id", () => {
  const { findings } = diagnose(
    [
      mode("b-note", "note"),
      mode("risk", "risk"),
      mode("less", "loss", {}, { lostPackets: 5 }),
      mode("more", "loss", {}, { lostPackets: 6 }),
      mode("a-note", "note"),
      mode("milder", "loss", {}, { severity: "degraded" }),
    ],
    signals(),
  );
  assert.deepEqual(
    findings.map(({ id, severity }) => `${id} ${severity}`),
    ["more loss", "less loss", "milder degraded", "risk risk", "a-note note", "b-note note"],
  );
});

/** [modes, signals, verdict] */
const VERDICTS: readonly (readonly [string, readonly FailureMode[], SignalChanges, string])[] = [
  ["nothing found", [mode("x", "loss", NONE)], {}, "healthy"],
  ["a note is not an illness", [mode("x", "note")], {}, "healthy"],
  ["a risk is", [mode("x", "risk")], {}, "degraded"],
  ["something does not work", [mode("x", "degraded")], {}, "degraded"],
  ["packets are lost", [mode("x", "loss")], {}, "losing-packets"],
  ["packets are lost and nothing explains it", [], { drops: [drop("no-route", 300)] }, "losing-packets"],
  ["a few drops now and then", [], { drops: [drop("no-route", 3)] }, "healthy"],
  ["drops that every network has", [], { drops: [drop("not-for-us", 100_000)] }, "healthy"],
];

void test("the verdict", async (t) => {
  for (const [name, modes, changes, verdict] of VERDICTS) {
    await t.test(name, () => assert.equal(diagnose(modes, signals(changes)).verdict, verdict));
  }
});

void test("drops are shared out among the findings that explain them, and the rest is told", () => {
  const explaining = mode("route", "loss", {}, { explains: [{ cause: "no-route", packets: 200 }] });
  const { drops, findings } = diagnose([explaining], signals(LOST));
  assert.deepEqual(
    drops.shares.map(({ cause, packets, finding, usual }) => [cause, packets, finding, usual]),
    [
      ["no-route", 200, "route", false],
      ["no-route", 100, undefined, false],
      ["table-full", 100, undefined, false],
      ["not-for-us", 40, undefined, true],
    ],
  );
  assert.equal(drops.packets, 440);
  assert.equal(drops.unexplained, 200);
  assert.equal(findings[0]?.lossPerSecond, 100);
});

void test("two findings never explain the same packets twice", () => {
  const modes = ["one", "other"].map((id) => mode(id, "loss", {}, { explains: [{ cause: "no-route" }] }));
  const { drops } = diagnose(modes, signals({ drops: [drop("no-route", 300)] }));
  assert.deepEqual(
    drops.shares.map(({ packets, finding }) => [packets, finding]),
    [[300, "one"]],
  );
});

void test("what could not be looked for is named, with the reason", () => {
  const modes = [
    mode("by-drops", "loss", { needs: ["drops"] }),
    mode("by-counter", "loss", { counters: ["no.such"] }),
    mode("by-prefix", "loss", { counters: ["conntrack."] }),
  ];
  const { unchecked, checked, findings } = diagnose(modes, signals({ without: ["drops"] }));
  assert.deepEqual(
    unchecked.map(({ id }) => id),
    ["by-drops", "by-counter"],
  );
  assert.match(unchecked[1]?.why ?? "", /no\.such/);
  assert.equal(checked, 1);
  assert.deepEqual(
    findings.map(({ id, page }) => [id, page]),
    [["by-prefix", "docs/findings/by-prefix.md"]],
  );
});
