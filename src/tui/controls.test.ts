import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FIRST_CONTROLS, indexOf, press, type Controls, type Surface } from "./controls.ts";

const SURFACE: Surface = { subscribers: ["10.0.0.1", "10.0.0.2", "10.0.0.3"], connections: 100, page: 10 };
const INSIDE: Partial<Controls> = { subscriber: "10.0.0.2", selected: "10.0.0.2" };

/** [what, controls before, keys, what is different from the first controls afterwards, or the wish] */
const CASES: readonly (readonly [
  what: string,
  before: Partial<Controls>,
  keys: readonly string[],
  after: Partial<Controls> | string,
])[] = [
  ["quit", {}, ["q"], "quit"],
  ["interrupt", {}, ["ctrl-c"], "quit"],
  ["interrupt while typing", { filterBefore: "" }, ["ctrl-c"], "quit"],
  ["suspend", {}, ["ctrl-z"], "suspend"],
  ["draw anew", {}, ["ctrl-l"], "redraw"],
  ["a key that means nothing", {}, ["x"], {}],
  ["pause", {}, ["p"], { paused: true }],
  ["go on", {}, ["p", " "], {}],
  ["sort", {}, ["s"], { order: "new" }],
  ["sort back", {}, ["s", "s"], {}],
  ["help", {}, ["?"], { help: true }],
  ["out of help", {}, ["?", "x"], {}],
  ["quit from help", { help: true }, ["q"], "quit"],
  ["down", {}, ["down"], { selected: "10.0.0.2" }],
  ["down to the end and no further", {}, ["page-down", "j"], { selected: "10.0.0.3" }],
  ["up from the first", {}, ["up"], { selected: "10.0.0.1" }],
  ["home", { selected: "10.0.0.3" }, ["home"], { selected: "10.0.0.1" }],
  ["the selected one has gone", { selected: "10.9.9.9" }, ["down"], { selected: "10.0.0.2" }],
  ["look into the first", {}, ["enter"], { subscriber: "10.0.0.1", selected: "10.0.0.1" }],
  ["look into another", {}, ["down", "enter"], INSIDE],
  ["scroll", INSIDE, ["down", "page-down"], { ...INSIDE, scroll: 11 }],
  ["scroll to the end", INSIDE, ["end"], { ...INSIDE, scroll: 90 }],
  ["scroll back", { ...INSIDE, scroll: 5 }, ["page-up"], INSIDE],
  ["out of the subscriber", { ...INSIDE, scroll: 5 }, ["escape"], { selected: "10.0.0.2" }],
  ["begin to filter", {}, ["/"], { filterBefore: "" }],
  ["type a filter", {}, ["/", "1", "0", ".", "x", "F"], { filter: "10.f", filterBefore: "" }],
  ["keep it", {}, ["/", "1", "enter"], { filter: "1" }],
  ["q is no quit while typing", {}, ["/", "q"], { filterBefore: "" }],
  ["take back a character", {}, ["/", "1", "2", "backspace", "enter"], { filter: "1" }],
  ["take back all", { filter: "12" }, ["/", "ctrl-u", "enter"], {}],
  ["leave it as it was", { filter: "12" }, ["/", "3", "escape"], { filter: "12" }],
  ["away with it", { filter: "12" }, ["escape"], {}],
];

describe("controls", () => {
  for (const [what, before, keys, after] of CASES) {
    test(what, () => {
      let controls: Controls | string = { ...FIRST_CONTROLS, ...before };
      for (const key of keys) {
        assert.ok(typeof controls !== "string");
        controls = press(controls, key, SURFACE);
      }
      assert.deepEqual(controls, typeof after === "string" ? after : { ...FIRST_CONTROLS, ...after });
    });
  }

  test("nobody there: nothing to look into", () => {
    const surface = { ...SURFACE, subscribers: [] };
    assert.deepEqual(press(FIRST_CONTROLS, "enter", surface), FIRST_CONTROLS);
    assert.deepEqual(press(FIRST_CONTROLS, "down", surface), FIRST_CONTROLS);
    assert.equal(indexOf({ selected: "10.0.0.1" }, []), 0);
  });
});
