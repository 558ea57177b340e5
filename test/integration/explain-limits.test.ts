import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildScene, DRILL_GATEWAY } from "../../src/lab/drill/scene.ts";
import { connectsTooMuch, GREEDY } from "../../src/lab/drill/too-much.ts";
import { examine } from "../../src/observe/doctor.ts";
import { explainerOf } from "../../src/observe/explain.ts";
import { target, UDP } from "../fixtures/explained.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// A subscriber at its limit: the doctor names it and its limit, and explain says what a new connection of it would meet.

const LIMIT = 20;
const PLACE = "limits.per-subscriber.connections";
const GATEWAY = `${DRILL_GATEWAY}limits:
  per-subscriber: { connections: ${LIMIT} }
  groups: [{ name: lab-a, members: 10.64.3.0/24, per-subscriber: { connections: unlimited, new-connections: 5/s } }]
`;

test("the doctor and explain know the limits of the gateway file", NEEDS_ROOT, async (t) => {
  const scene = await buildScene(GATEWAY);
  t.after(() => scene.close());
  const end = new AbortController();
  const traffic = connectsTooMuch(scene, end.signal);
  await sleep(500);
  const { report, signals } = await examine({ namespace: scene.gateway, seconds: 1 });
  end.abort();
  await traffic;

  // What else it may find is the whole machine's, on which other tests run.
  assert.ok(!report.findings.some(({ id }) => id === "rule-drop"));
  const found = report.findings.find(({ id }) => id === "subscriber-limit");
  assert.deepEqual([found?.subject, found?.severity], [PLACE, "note"]);
  assert.match(found?.summary ?? "", new RegExp(`^${GREEDY} has used up its ${LIMIT} connections \\(${PLACE}\\)`));
  // All the rule has dropped is explained by it.
  assert.deepEqual([report.drops.unexplained, found?.explains?.[0]?.cause], [0, "rule"]);
  assert.ok((found?.explains?.[0]?.packets ?? 0) > 50, JSON.stringify(found?.explains));

  const explainer = explainerOf(scene.gateway, signals, report.findings);
  const ask = (source: string) => {
    const explanation = explainer.explain(target(UDP, source, 999, "198.51.100.9", 7));
    return { ...explanation, limit: explanation.limits.find(({ id }) => id === "subscriber-limit") };
  };
  const refused = ask(GREEDY);
  assert.deepEqual([refused.passes, refused.limit?.state], ["no", "refuses"]);
  assert.match(
    refused.limit?.text ?? "",
    /^10\.64\.2\.7 may have 20 connections .*, and has 20 in the table; \d+ packets/,
  );
  assert.match(refused.limit?.remedy ?? "", new RegExp(`^raise ${PLACE} of the gateway file, .* run meganat apply$`));
  assert.match(refused.verdict, /; it is refused: 10\.64\.2\.7 may have 20 connections/);
  assert.ok(refused.concerns.some(({ id }) => id === "subscriber-limit"));

  const other = ask("10.64.2.8");
  assert.deepEqual([other.limit?.state, other.limit?.remedy], ["room", undefined]);
  const slow = ask("10.64.3.8");
  assert.equal(slow.limit?.state, "may-refuse");
  assert.match(slow.limit?.text ?? "", /^10\.64\.3\.8 may begin 5 new connections a second \(per-subscriber\.new-conn/);
});
