import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bar, clip, line, plainText, spread, styled, type Line } from "./line.ts";
import { inColor, painted, plain, redraw } from "./screen.ts";

/** [line, width, clipped] */
const CLIPS: readonly (readonly [Line, number, string])[] = [
  [line("abc"), 3, "abc"],
  [line("abcd"), 3, "ab~"],
  [line("ab", "cd"), 4, "abcd"],
  [line("ab", "cd"), 3, "ab~"],
  [line("ab", "cd"), 2, "a~"],
  [line("ab", ""), 2, "ab"],
  [line("abc"), 0, ""],
  [line(), 5, ""],
];

describe("a line", () => {
  for (const [spans, width, expected] of CLIPS) {
    test(`${JSON.stringify(plainText(spans))} in ${width} columns`, () => {
      assert.equal(plainText(clip(spans, width)), expected);
    });
  }

  test("bars", () => {
    assert.deepEqual(
      [0, 0.04, 0.06, 0.5, 1, 2, -1].map((share) => bar(share, 10)),
      ["..........", "..........", "#.........", "#####.....", "##########", "##########", ".........."],
    );
  });

  test("text at the right end, if there is room", () => {
    assert.equal(plainText(spread(line("ab"), "cd", 6)), "ab  cd");
    assert.equal(plainText(spread(line("ab"), "cd", 4)), "ab");
  });
});

describe("painted", () => {
  const spans = line(styled("bad", "x "), "y", styled("selected", "z  "), "  ");

  test("with colours, blanks at the end left out", () => {
    assert.equal(painted(spans, inColor), "\u001b[31mx \u001b[0my\u001b[7mz\u001b[0m");
  });

  test("without", () => assert.equal(painted(spans, plain), "x yz"));
});

describe("redraw", () => {
  test("the first time everything", () => {
    assert.equal(redraw(undefined, ["a", ""]), "\u001b[0m\u001b[2J\u001b[1;1Ha\u001b[K\u001b[2;1H\u001b[K");
  });

  test("then what changed", () => {
    assert.equal(redraw(["a", "b", "c"], ["a", "x", "c"]), "\u001b[2;1Hx\u001b[K");
    assert.equal(redraw(["a"], ["a"]), "");
  });
});
