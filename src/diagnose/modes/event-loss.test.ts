import assert from "node:assert/strict";
import { test } from "node:test";
import { signals } from "../../../test/fixtures/signals.ts";
import { mode } from "./event-loss.ts";

const LISTENERS = {
  texts: {
    "listener.900": "conntrackd (process 812): new, update, destroy",
    "listener.901": "a program: destroy",
  },
  levels: { "listener.900.queuedBytes": 212_992, "listener.901.queuedBytes": 0 },
};

test("nobody listens, or nobody loses: nothing", () => {
  assert.deepEqual(mode.examine(signals()), []);
  const deltas = { "listener.900.drops": 0, "listener.901.drops": 0 };
  assert.deepEqual(mode.examine(signals({ ...LISTENERS, deltas })), []);
});

test("who loses events, how many, and what it listens to", () => {
  const deltas = { "listener.900.drops": 400, "listener.901.drops": 0 };
  const [found, ...more] = mode.examine(signals({ ...LISTENERS, deltas, settings: { "net.core.rmem_max": "212992" } }));
  assert.deepEqual(more, []);
  assert.equal(found?.subject, "conntrackd (process 812)");
  assert.equal(found.summary, "conntrackd (process 812) lost 400 events, 200 /s");
  assert.equal(found.evidence[0]?.meaning, "new, update, destroy");
  assert.equal(found.evidence[2]?.value, "212,992");
  assert.match(found.fixes[0]?.commands?.[0] ?? "", /^sysctl -w net\.core\.rmem_max=16777216/);
});

test("each listener by itself", () => {
  const deltas = { "listener.900.drops": 4, "listener.901.drops": 2 };
  assert.deepEqual(
    mode.examine(signals({ ...LISTENERS, deltas })).map(({ subject }) => subject),
    ["conntrackd (process 812)", "a program"],
  );
});
