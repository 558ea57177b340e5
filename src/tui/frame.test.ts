import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BLIND, BUSY, LOOKED_INTO } from "../../test/fixtures/top-view.ts";
import { FIRST_CONTROLS, type Controls } from "./controls.ts";
import { frameOf, printedFrame, surfaceOf, type Size } from "./frame.ts";
import { plainText, type Line } from "./line.ts";
import type { TopView } from "./view.ts";

const FILTERING: Partial<Controls> = {
  filter: "10.10",
  filterBefore: "",
  paused: true,
  selected: "10.10.1.30",
  order: "new",
};

/** [file in test/fixtures/top-frames, view, size, controls] */
const FRAMES: readonly (readonly [file: string, view: TopView, size: Size, controls?: Partial<Controls>])[] = [
  ["busy-80x24", BUSY, { columns: 80, rows: 24 }],
  ["busy-120x40", BUSY, { columns: 120, rows: 40 }],
  ["busy-40x10", BUSY, { columns: 40, rows: 10 }],
  ["busy-20x5", BUSY, { columns: 20, rows: 5 }],
  ["blind-80x24", BLIND, { columns: 80, rows: 24 }],
  ["blind-40x10", BLIND, { columns: 40, rows: 10 }],
  ["filter-80x24", BUSY, { columns: 80, rows: 24 }, FILTERING],
  ["inside-80x10", LOOKED_INTO, { columns: 80, rows: 10 }, { subscriber: "10.10.1.3", scroll: 1 }],
  ["help-80x24", BUSY, { columns: 80, rows: 24 }, { help: true }],
];

function textOf(lines: readonly Line[]): string {
  return lines.map((spans) => `${plainText(spans).trimEnd()}\n`).join("");
}

function expected(file: string): string {
  return readFileSync(new URL(`../../test/fixtures/top-frames/${file}.txt`, import.meta.url), "utf8");
}

describe("a frame", () => {
  for (const [file, view, size, controls] of FRAMES) {
    test(file, () => {
      assert.equal(textOf(frameOf(view, { ...FIRST_CONTROLS, ...controls }, size)), expected(file));
    });
  }

  test("printed, for a script", () => {
    const view = { ...BUSY, subscribers: { ...BUSY.subscribers, rows: BUSY.subscribers.rows.slice(0, 3) } };
    assert.equal(textOf(printedFrame(view, FIRST_CONTROLS, 100)), expected("printed-100"));
  });

  test("fills every screen exactly, whatever is to be shown", () => {
    const controls = fc.record({
      paused: fc.boolean(),
      help: fc.boolean(),
      order: fc.constantFrom("connections" as const, "new" as const),
      filter: fc.constantFrom("", "10.10", "2001:db8:1:2:3:4:5:6"),
      filterBefore: fc.constantFrom(undefined, ""),
      selected: fc.constantFrom(undefined, "10.10.1.39", "10.9.9.9"),
      subscriber: fc.constantFrom(undefined, "10.10.1.3"),
      scroll: fc.nat({ max: 5 }),
    });
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 70 }) });
    fc.assert(
      fc.property(fc.constantFrom(BUSY, BLIND, LOOKED_INTO), controls, size, (view, set, { columns, rows }) => {
        const lines = frameOf(view, set, { columns, rows });
        assert.equal(lines.length, rows);
        for (const spans of lines) assert.ok(plainText(spans).length <= columns, plainText(spans));
      }),
    );
  });

  test("the cursor's line is always there if any is", () => {
    for (const rows of [6, 10, 24, 40]) {
      for (const { address } of BUSY.subscribers.rows) {
        const lines = frameOf(BUSY, { ...FIRST_CONTROLS, selected: address }, { columns: 80, rows });
        assert.ok(lines.some((spans) => plainText(spans).startsWith(`> ${address} `)));
      }
    }
  });

  test("a page is as many lines as the list has", () => {
    assert.equal(surfaceOf(BUSY, FIRST_CONTROLS, { columns: 80, rows: 24 }).page, 10);
    const inside = { ...FIRST_CONTROLS, subscriber: "10.10.1.3" };
    const { page, connections } = surfaceOf(LOOKED_INTO, inside, { columns: 80, rows: 24 });
    assert.deepEqual([page, connections], [20, 3]);
  });
});
