import assert from "node:assert/strict";
import { test } from "node:test";
import { hang, table, wrap } from "./text-layout.ts";

test("wraps at spaces; a long word stays whole", () => {
  const cases: [text: string, width: number, lines: string[]][] = [
    ["", 10, [""]],
    ["one two three", 20, ["one two three"]],
    ["one two three", 7, ["one two", "three"]],
    ["one two three", 6, ["one", "two", "three"]],
    ["incomprehensibilities are long", 10, ["incomprehensibilities", "are long"]],
  ];
  for (const [text, width, lines] of cases) assert.deepEqual(wrap(text, width), lines);
});

test("hangs lines under the first", () => {
  assert.deepEqual(hang("  fix: ", "use larger blocks or more addresses", 30), [
    "  fix: use larger blocks or",
    "       more addresses",
  ]);
});

test("aligns columns, wraps the last", () => {
  assert.deepEqual(
    table(
      [
        ["subscribers", "10,000", "10.10.1.0-10.10.40.15 by the file"],
        ["addresses", "28", ""],
      ],
      ["left", "right", "left"],
      44,
    ),
    ["  subscribers  10,000  10.10.1.0-10.10.40.15", "                       by the file", "  addresses        28"],
  );
  assert.deepEqual(
    table(
      [
        ["a", "1"],
        ["b", "10"],
      ],
      ["left", "right"],
      80,
    ),
    ["  a   1", "  b  10"],
  );
  assert.deepEqual(table([], ["left"], 80), []);
});
