import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrafficClass } from "../render/desired-state.ts";
import { QUEUE_HANDLE } from "../render/limits/shaping.ts";
import { changeText, inverse } from "./change.ts";
import type { Remarks } from "./remark.ts";
import { classesAfter, shapingChanges } from "./shaping-changes.ts";

const one = (number: number, parent: number | undefined, rate: number): TrafficClass => ({
  number,
  ...(parent === undefined ? {} : { parent }),
  rate,
  ceiling: 100,
  priority: 3,
  isLeaf: true,
});
const LINE = one(9, undefined, 100);
const OURS = { interface: "lan", kind: "htb", handle: QUEUE_HANDLE };

function changes(now: readonly TrafficClass[] | undefined, wanted: readonly TrafficClass[] | undefined, handle = 0) {
  const remarks: Pick<Remarks, "problems"> = { problems: [] };
  const queue = now === undefined ? { ...OURS, kind: "mq", handle } : OURS;
  const state = { queues: [queue], classes: new Map(now === undefined ? [] : [["lan", now]]) };
  const desired = { shaping: wanted === undefined ? [] : [{ interface: "lan", classes: wanted }] };
  const owned = { shaping: now === undefined ? [] : [{ interface: "lan", classes: now }] };
  const { needed, obsolete } = shapingChanges(state, owned, desired, remarks);
  return { list: [...needed, ...obsolete], codes: remarks.problems.map(({ code }) => code) };
}

function texts(...args: Parameters<typeof changes>): string[] {
  const { list, codes } = changes(...args);
  return [...list.map(changeText), ...codes];
}

test("only the classes that differ are changed", () => {
  const now = [LINE, one(1, 9, 10), one(2, 9, 10)];
  assert.deepEqual(texts(now, now), []);
  assert.deepEqual(texts(now.toReversed(), now), []);
  assert.deepEqual(texts(now, [LINE, one(1, 9, 20), one(3, 9, 10)]), [
    "set classes of what leaves by lan: 1 new, 1 changed, 1 gone",
  ]);
  // That it is no leaf any more follows from those below it.
  assert.deepEqual(texts([LINE], [{ ...LINE, isLeaf: false }, one(1, 9, 10)]), [
    "set classes of what leaves by lan: 1 new",
  ]);
});

test("the kernel's own queue is replaced, somebody else's is not", () => {
  assert.deepEqual(texts(undefined, [LINE]), ["shape what leaves by lan, in 1 class"]);
  assert.deepEqual(texts(undefined, [LINE], 1), ["queue-of-another"]);
  assert.deepEqual(texts([LINE], undefined), ["shape what leaves by lan no more"]);
  assert.deepEqual(texts(undefined, undefined, 1), []);
});

test("what undoes a change leads back, parents before those below them", () => {
  const now = [one(1, 8, 10), one(8, 9, 50), LINE];
  const wanted = [LINE, one(1, 9, 10), one(2, 9, 10)];
  const [change] = changes(now, wanted).list;
  assert.ok(change !== undefined);
  const back = inverse(change);
  assert.ok(back.kind === "shaping" && back.action === "restore");
  const then = classesAfter(classesAfter(now, change), back);
  assert.deepEqual(
    then.map(({ number }) => number),
    [9, 8, 1],
  );
  assert.deepEqual(
    then.toSorted((a, b) => a.number - b.number),
    now,
  );
});
