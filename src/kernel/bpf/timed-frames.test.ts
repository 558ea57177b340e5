import assert from "node:assert/strict";
import { test } from "node:test";
import { runTimedFrames } from "./timed-frames.ts";

/** A clock that only sending and looking move: a frame takes `perFrame` milliseconds, a look 0.01. */
function bench(perFrame: number) {
  let time = 1000;
  let frames = 0;
  const calls: { readonly at: number; readonly count: number }[] = [];
  return {
    calls,
    frames: () => frames,
    passed: () => time - 1000,
    now: () => (time += 0.01),
    send: (count: number): boolean => {
      calls.push({ at: time - 1000, count });
      frames += count;
      time += perFrame * count;
      return true;
    },
  };
}

test("as fast as it goes, for the time asked", () => {
  for (const perFrame of [0.0002, 0.001, 0.01]) {
    const { send, now, passed, frames } = bench(perFrame);
    assert.equal(runTimedFrames({ milliseconds: 500 }, send, now), true);
    assert.ok(passed() >= 500 && passed() < 600, `${passed()} ms`);
    assert.ok(frames() * perFrame > 480, `${frames()} frames`);
  }
});

test("at a rate: burst by burst, none before it is due, all in the end", () => {
  const { send, now, calls, frames } = bench(0.0001);
  assert.equal(runTimedFrames({ milliseconds: 100, rate: 200_000 }, send, now), true);
  assert.equal(frames(), 20_000);
  let sent = 0;
  for (const { at, count } of calls) {
    assert.ok(at >= sent / 200, `frame ${sent} at ${at} ms`);
    assert.ok(count <= 100);
    sent += count;
  }
});

test("tells if a call was ended early", () => {
  let calls = 0;
  let time = 0;
  assert.equal(
    runTimedFrames(
      { milliseconds: 100 },
      () => ++calls !== 2,
      () => (time += 20),
    ),
    false,
  );
});
