import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSignals, parseSignals } from "../../src/diagnose/recording.ts";
import { gatherSignals } from "../../src/observe/signals/gather.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

test("counters are compared with an earlier look, and drops are not told", NEEDS_ROOT, async (t) => {
  const namespace = ownNamespace(t);
  const ping = (): string => run(namespace, "ping", "-qc", "1", "127.0.0.1");
  // A request and its reply each.
  ping();
  const earlier = await gatherSignals({ namespace, seconds: 0.1, withoutTable: true });
  ping();
  ping();
  const recorded = parseSignals(formatSignals(earlier)) ?? assert.fail();
  const signals = await gatherSignals({ namespace, seconds: 3600, since: recorded, withoutTable: true });
  assert.equal(earlier.counters["Ip.InReceives"]?.value, 2);
  assert.deepEqual([signals.counters["Ip.InReceives"]?.value, signals.counters["Ip.InReceives"]?.delta], [6, 4]);
  assert.ok(signals.seconds > 0);
  assert.equal(signals.drops, undefined);
  assert.deepEqual(
    signals.unseen.filter(({ signal }) => signal === "drops").map(({ what }) => what),
    ["dropped packets by cause"],
  );
});
