import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeKeys, endOfKeys } from "./keys.ts";

/** [what the terminal sent, the keys, what is left over] */
const CASES: readonly (readonly [text: string, keys: readonly string[], rest: string])[] = [
  ["q", ["q"], ""],
  ["sp/?", ["s", "p", "/", "?"], ""],
  ["\u001b[A\u001b[B", ["up", "down"], ""],
  ["\u001bOA\u001bOB", ["up", "down"], ""],
  ["\u001b[5~\u001b[6~", ["page-up", "page-down"], ""],
  ["\u001b[H\u001b[F\u001b[1~\u001b[4~", ["home", "end", "home", "end"], ""],
  ["\r\n", ["enter", "enter"], ""],
  ["\u007f\b", ["backspace", "backspace"], ""],
  ["\u0003\u001a\u000c", ["ctrl-c", "ctrl-z", "ctrl-l"], ""],
  // Not known here: F5, a mouse, control characters.
  ["\u001b[15~x", ["x"], ""],
  ["\u001b[<0;1;1Mx", ["x"], ""],
  ["\u0001x", ["x"], ""],
  // Not all there yet.
  ["x\u001b", ["x"], "\u001b"],
  ["\u001b[", [], "\u001b["],
  ["\u001b[1", [], "\u001b[1"],
  ["\u001bO", [], "\u001bO"],
  // The escape key and another one at once.
  ["\u001b?", ["escape", "?"], ""],
  ["\u001b\u001b[A", ["escape", "up"], ""],
];

describe("keys", () => {
  for (const [text, keys, rest] of CASES) {
    test(JSON.stringify(text), () => assert.deepEqual(decodeKeys(text), { keys, rest }));
  }

  test("a lonely escape character was the escape key, half a sequence nothing", () => {
    assert.deepEqual(endOfKeys("\u001b"), ["escape"]);
    assert.deepEqual(endOfKeys("\u001b["), []);
    assert.deepEqual(endOfKeys(""), []);
  });

  test("whatever comes in whatever pieces gives the same keys", () => {
    const texts = fc.array(fc.constantFrom("\u001b[A", "\u001b[6~", "\u001bOB", "q", "\r", "\u001b[15~", "é", "7"));
    fc.assert(
      fc.property(texts, fc.array(fc.nat({ max: 20 })), (parts, cuts) => {
        const whole = parts.join("");
        let [rest, at] = ["", 0];
        const keys: string[] = [];
        for (const length of [...cuts, whole.length]) {
          const decoded = decodeKeys(rest + whole.slice(at, at + length));
          at += length;
          keys.push(...decoded.keys);
          rest = decoded.rest;
        }
        assert.deepEqual(keys, decodeKeys(whole).keys);
        assert.equal(rest, "");
      }),
    );
  });
});
