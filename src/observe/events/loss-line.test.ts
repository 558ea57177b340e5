import assert from "node:assert/strict";
import { test } from "node:test";
import { lossLine, resyncLine } from "./loss-line.ts";

const AT = "2026-11-21T21:54:02.719Z";
const NONE = { new: 0, update: 0, destroy: 0 };

test("what is missing in the stream, in words", () => {
  assert.equal(
    lossLine("text", AT, { lost: 7, overruns: 2, unprinted: NONE }),
    `# ${AT} 7 events lost in the kernel, its queue was full`,
  );
  assert.equal(
    lossLine("text", AT, { lost: 0, overruns: 2, unprinted: NONE }),
    `# ${AT} the kernel had no memory for events 2 times, and did not count`,
  );
  assert.equal(
    lossLine("text", AT, { lost: 1, overruns: 1, unprinted: { new: 1, update: 2, destroy: 3 } }),
    `# ${AT} 1 events lost in the kernel, its queue was full; 6 events not printed (1 new, 2 update, 3 destroy), the reader is slow`,
  );
});

test("and for programs", () => {
  assert.deepEqual(JSON.parse(lossLine("json", AT, { lost: 7, overruns: 2, unprinted: NONE })), {
    event: "lost",
    at: AT,
    lost: 7,
    overruns: 2,
    unprinted: NONE,
  });
  assert.equal(
    resyncLine("json", "resync-end", AT, { present: 3, exact: false }),
    `{"event":"resync-end","at":"${AT}","present":3,"exact":false}`,
  );
  assert.match(resyncLine("text", "resync-end", AT, { present: 3, exact: false }), /3 connections; it changed/);
});
