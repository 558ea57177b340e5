import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal, refusalAmong, refusalWithTakeover, takesOverPorts } from "./refusal.ts";

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

test("kernels that let go of the ports of ended connections", () => {
  const releases = ["5.10.0-28-amd64", "6.1.0-18-amd64", "6.4.9", "6.5.0", "6.12.3-arch1", "7.0.1", "what"];
  assert.deepEqual(releases.map(takesOverPorts), [false, false, false, true, true, true, false]);
});

test("ended connections give their ports away in the last 32 tries of a round, each as likely as not", () => {
  const block = { first: 1024, last: 1151 };
  const full = bitsOf(span(1024, 1151));
  const chance = (ended: number[]): number => refusalWithTakeover(full, bitsOf(ended), block);
  assert.equal(chance([]), 1);
  assert.equal(refusalWithTakeover(bitsOf(span(1025, 1151)), bitsOf(span(1025, 1151)), block), 0);
  // The one is among the last 32 for a quarter of the starts.
  assert.equal(chance([1100]), (96 + 32 * 0.5) / 128);
  assert.equal(chance(span(1024, 1151)), 0.5 ** 32);
  // Rounds of 32 and less are made of such tries alone.
  const range = { first: 1024, last: 65535 };
  const all = bitsOf(span(1024, 65535));
  assert.equal(refusalWithTakeover(all, bitsOf([]), range), 1);
  assert.ok(Math.abs(refusalWithTakeover(all, all, range) / 0.5 ** (32 + 32 + 32 + 16 + 8) - 1) < 1e-9);
});

test("without ended connections it is the chance that it was", () => {
  const range = { first: 1024, last: 2047 };
  for (const used of [span(1024, 1535), [...span(1024, 1279), ...span(1792, 2047)], span(1030, 2040), []]) {
    const [one, other] = [refusalAmong(bitsOf(used), range), refusalWithTakeover(bitsOf(used), bitsOf([]), range)];
    assert.ok(Math.abs(one - other) < 1e-12, `${one} ${other}`);
  }
});
