import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal, refusalAmong } from "./refusal.ts";

test("the chance of refusal: none in small blocks until they are full, then the 248 tries", () => {
  const cases: readonly (readonly [used: number, ports: number, chance: number])[] = [
    [127, 128, 0],
    [128, 128, 1],
    [0, 64512, 0],
    [64512, 64512, 1],
    [512, 1024, 0.5 ** 248],
  ];
  for (const [used, ports, chance] of cases) assert.equal(refusal(used, ports), chance, `${used} of ${ports}`);
  assert.ok(Math.abs(refusal(9900, 10000) - 0.0827) < 0.0001);
});

function bitsOf(ports: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(8192);
  for (const port of ports) bits[port >>> 3] = (bits[port >>> 3] ?? 0) | (1 << (port & 7));
  return bits;
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

test("the chance of refusal goes by where the ports in use lie", () => {
  const range = { first: 1024, last: 2047 };
  const cases: readonly (readonly [used: number[], ports: { first: number; last: number }, chance: number])[] = [
    [[], range, 0],
    [span(1024, 2047), range, 1],
    // A block is searched whole.
    [span(1024, 1150), { first: 1024, last: 1151 }, 0],
    [span(1024, 1151), { first: 1024, last: 1151 }, 1],
    // Runs shorter than 128: the first round always finds one.
    [span(1024, 2047).filter((port) => port % 128 !== 0), range, 0],
    // One run of 512, and 512 free: starts from which 128, 64, 32, 16, 8 ports are all in use.
    [span(1024, 1535), range, (385 * 449 * 481 * 497 * 505) / 1024 ** 5],
    // The same over the end of the range.
    [[...span(1024, 1279), ...span(1792, 2047)], range, (385 * 449 * 481 * 497 * 505) / 1024 ** 5],
    // Ports outside of the range do not matter.
    [span(3000, 5000), range, 0],
  ];
  for (const [used, ports, chance] of cases) {
    assert.ok(Math.abs(refusalAmong(bitsOf(used), ports) - chance) < 1e-9, JSON.stringify([used.length, chance]));
  }
});

test("what the kernel's search does with the same ports comes to the same", () => {
  const range = { first: 1024, last: 5119 };
  const size = range.last - range.first + 1;
  // Ports taken as the kernel takes them: the first free one from a random start, so that they lie in runs.
  let state = 1;
  const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
  const used = new Set<number>();
  const search = (): number | undefined => {
    for (const tries of [128, 64, 32, 16, 8]) {
      const start = random() % size;
      for (let i = 0; i < tries; i++) {
        const port = range.first + ((start + i) % size);
        if (!used.has(port)) return port;
      }
    }
    return undefined;
  };
  while (used.size < size * 0.99) {
    const port = search();
    if (port !== undefined) used.add(port);
  }
  let refused = 0;
  const asked = 20_000;
  for (let i = 0; i < asked; i++) if (search() === undefined) refused++;
  const predicted = refusalAmong(bitsOf(used), range);
  assert.ok(predicted > 0.01 && predicted < 0.99, `${predicted}`);
  assert.ok(Math.abs(predicted - refused / asked) < 0.1 * predicted + 0.01, `${predicted} ${refused / asked}`);
});
