import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstCondition, LOOK_EVERY, nextCondition, outOfUse, type Condition } from "./health.ts";

const HEALTH = { probes: [], interval: 500, downAfter: 2000, upAfter: 3000 };

/** What becomes of an uplink that is looked at every 50 ms and answers in the given times: `up 0, down 2000`. */
function story(end: number, answers: (now: number) => boolean, carrier: (now: number) => boolean, up = true): string {
  let condition = firstCondition(up, 0);
  const told = [`${up ? "up" : "down"} 0`];
  for (let now = LOOK_EVERY; now <= end; now += LOOK_EVERY) {
    const answered = now % HEALTH.interval === 100 && answers(now);
    const next = nextCondition(condition, { now, carrier: carrier(now), answered }, HEALTH);
    if (next.up !== condition.up) told.push(`${next.up ? "up" : "down"} ${now}`);
    condition = next;
  }
  return told.join(", ");
}

const always = (): boolean => true;
const never = (): boolean => false;
const but = (from: number, to: number) => (now: number) => now < from || now >= to;

test("an uplink goes down and comes back in the times of the file", () => {
  assert.equal(story(20_000, always, always), "up 0");
  assert.equal(story(20_000, never, always), "up 0, down 1950");
  // The last answer came at 4600; two lost ones are no failure.
  assert.equal(story(20_000, but(5000, 6100), always), "up 0");
  assert.equal(story(20_000, but(5000, 9000), always), "up 0, down 6550, up 12100");
  assert.equal(story(20_000, always, but(5000, 5050)), "up 0, down 5000, up 8100");
  assert.equal(story(20_000, always, but(5000, 9000)), "up 0, down 5000, up 12100");
  assert.equal(story(20_000, always, always, false), "down 0, up 3100");
  // Who answers now and then only is not back.
  assert.equal(
    story(20_000, (now) => now % 2500 === 100, always, false),
    "down 0",
  );
});

test("it is up only while answers come, and comes up only after they have come for the whole time", () => {
  const looks = fc.array(
    fc.record({ pause: fc.integer({ min: 1, max: 900 }), carrier: fc.boolean(), answered: fc.boolean() }),
  );
  fc.assert(
    fc.property(looks, fc.boolean(), (all, up) => {
      let condition: Condition = firstCondition(up, 0);
      let now = 0;
      let goodSince: number | undefined;
      for (const { pause, carrier, answered } of all) {
        now += pause;
        const before = condition;
        condition = nextCondition(before, { now, carrier, answered }, HEALTH);
        const isSilent = now - condition.lastAnswer >= HEALTH.downAfter;
        if (!carrier || isSilent) goodSince = undefined;
        else if (answered) goodSince ??= now;
        if (condition.up) assert.ok(carrier && !isSilent);
        if (condition.up && !before.up) assert.ok(goodSince !== undefined && now - goodSince >= HEALTH.upAfter);
      }
    }),
  );
});

test("the time in which nobody could look does not count", () => {
  const before = { ...firstCondition(true, 0), lastAnswer: 100 };
  const sight = { now: 5100, carrier: true, answered: false };
  assert.equal(nextCondition(before, sight, HEALTH).up, false);
  assert.equal(nextCondition(before, { ...sight, late: 4900 }, HEALTH).up, true);
});

test("while one is up, the others are out of use; while none is, nothing changes", () => {
  assert.deepEqual(outOfUse([true, true], [false, true]), [false, false]);
  assert.deepEqual(outOfUse([true, false], [false, false]), [false, true]);
  assert.deepEqual(outOfUse([false, false], [true, false]), [true, false]);
  assert.deepEqual(outOfUse([false, true], [false, true]), [true, false]);
});
