import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalAmong, refusalAtRandom, refusalWhenFilled, refusalWithTakeover } from "./port-refusal.ts";
import { SEARCH_ROUNDS } from "./port-search.ts";

test("the chance of refusal: none in small blocks until they are full, then the 248 tries", () => {
  const cases: readonly (readonly [used: number, ports: number, chance: number])[] = [
    [127, 128, 0],
    [128, 128, 1],
    [0, 64512, 0],
    [64512, 64512, 1],
    [512, 1024, 0.5 ** 248],
  ];
  for (const [used, ports, chance] of cases) assert.equal(refusalAtRandom(used, ports), chance, `${used} of ${ports}`);
  assert.ok(Math.abs(refusalAtRandom(9900, 10000) - 0.0827) < 0.0001);
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

/** The kernel's search in a range of so many ports, with numbers that are the same every time; fills until refused. */
class Search {
  readonly used = new Set<number>();
  readonly #size: number;
  #state = 1;

  constructor(size: number) {
    this.#size = size;
  }

  find(): number | undefined {
    for (const tries of SEARCH_ROUNDS) {
      const start = this.#random() % this.#size;
      for (let i = 0; i < tries; i++) {
        const port = 1024 + ((start + i) % this.#size);
        if (!this.used.has(port)) return port;
      }
    }
    return undefined;
  }

  fill(count: number): void {
    while (this.used.size < count) {
      const port = this.find();
      if (port !== undefined) this.used.add(port);
    }
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return this.#state >>> 16;
  }
}

test("what the kernel's search does with the same ports comes to the same", () => {
  const range = { first: 1024, last: 5119 };
  const size = range.last - range.first + 1;
  const search = new Search(size);
  search.fill(size * 0.99);
  let refused = 0;
  const asked = 20_000;
  for (let i = 0; i < asked; i++) if (search.find() === undefined) refused++;
  const predicted = refusalAmong(bitsOf(search.used), range);
  assert.ok(predicted > 0.01 && predicted < 0.99, `${predicted}`);
  assert.ok(Math.abs(predicted - refused / asked) < 0.1 * predicted + 0.01, `${predicted} ${refused / asked}`);
});

test("ports that the search itself has taken are refused by the law of runs", () => {
  const cases: readonly (readonly [used: number, ports: number, chance: number])[] = [
    [0, 64_512, 0],
    [32_256, 64_512, 0],
    [58_060, 64_512, 0.00335],
    [60_641, 64_512, 0.0418],
    [62_576, 64_512, 0.222],
    [64_512, 64_512, 1],
    [70_000, 64_512, 1],
    [127, 128, 0],
    [128, 128, 1],
    [255, 256, 0.298],
    [511, 512, 0.587],
  ];
  for (const [used, ports, chance] of cases) {
    const law = refusalWhenFilled(used, ports);
    assert.ok(Math.abs(law - chance) <= 0.01 * chance + 1e-6, `${used} of ${ports}: ${law}`);
  }
});

test("the law of runs is what comes of many fills", () => {
  const [size, fills] = [512, 300];
  const search = new Search(size);
  for (const used of [486, 501, 509]) {
    let sum = 0;
    for (let i = 0; i < fills; i++) {
      search.used.clear();
      search.fill(used);
      sum += refusalAmong(bitsOf(search.used), { first: 1024, last: 1024 + size - 1 });
    }
    const [measured, law] = [sum / fills, refusalWhenFilled(used, size)];
    assert.ok(Math.abs(measured - law) < 0.15 * law, `${used}: ${measured} ${law}`);
  }
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
