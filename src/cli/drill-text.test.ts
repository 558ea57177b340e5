import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyResult, DrillResult } from "../lab/drill/drill.ts";
import { drillText, resultLine } from "./drill-text.ts";

const plain = (_: string, text: string): string => text;
const FAULT = { id: "table-full", title: "it is full", found: true, others: [], seconds: 4.26 };
const TOGETHER = { faults: ["rule-drop", "martians"], named: ["martians", "rule-drop"], worstFirst: true };

const LINES: readonly (readonly [what: string, result: AnyResult, lines: readonly string[]])[] = [
  ["found", FAULT, ["table-full                   found       4.3 s  it is full"]],
  [
    "found and fixed",
    { ...FAULT, fixed: "gone" },
    ["table-full                   found       4.3 s  it is full; after the fix gone"],
  ],
  [
    "not found",
    { ...FAULT, found: false, others: ["syn-flood"], complaint: "not found" },
    [
      "table-full                   NOT FOUND   4.3 s  it is full",
      "                             also: syn-flood",
      "                             also: not found",
    ],
  ],
  [
    "skipped",
    { ...FAULT, found: false, skipped: "this kernel has no netem" },
    ["table-full                   skipped            this kernel has no netem"],
  ],
  [
    "two at once",
    { ...FAULT, ...TOGETHER, id: "rule-drop+martians" },
    ["rule-drop+martians           found       4.3 s  it is full; named: martians, rule-drop"],
  ],
  [
    "a long name",
    { ...FAULT, ...TOGETHER, id: "rule-drop+established-timeout" },
    [
      "rule-drop+established-timeout",
      "                             found       4.3 s  it is full; named: martians, rule-drop",
    ],
  ],
  [
    "a clean lab",
    { id: "idle", title: "nothing happens", findings: [], seconds: 3 },
    ["idle                         silent      3.0 s  nothing happens"],
  ],
  [
    "a clean lab about which something was said",
    { id: "idle", title: "nothing happens", findings: ["backlog: full"], seconds: 3 },
    [
      "idle                         NOT SILENT   3.0 s  nothing happens",
      "                             also: backlog: full",
    ],
  ],
  [
    "a clean lab that could not be built",
    { id: "idle", title: "nothing happens", findings: [], seconds: 3, complaint: "no room" },
    ["idle                         NOT SILENT   3.0 s  nothing happens", "                             also: no room"],
  ],
];

for (const [what, result, lines] of LINES) {
  test(`a line of the drill: ${what}`, () => assert.deepEqual(resultLine(result, plain).split("\n"), lines));
}

const RESULT: DrillResult = {
  faults: [FAULT, { ...FAULT, skipped: "no" }],
  together: [],
  clean: [],
  modes: { planted: 40, all: 41, without: ["cloud-limits"] },
  recall: 0.975,
  precision: 1,
  ok: false,
  stopped: false,
};

const ENDS: readonly (readonly [DrillResult, readonly string[]])[] = [
  [RESULT, ["", "Recall 97.5 %, precision 100 %; 40 of 41 failure modes planted, 1 faults skipped"]],
  [
    { ...RESULT, faults: [], stopped: true },
    [
      "",
      "Recall 97.5 %, precision 100 %; 40 of 41 failure modes planted",
      "Stopped before its end: what is missing was not tried.",
    ],
  ],
];

for (const [result, lines] of ENDS) {
  test(`what the drill comes to${result.stopped ? ", stopped" : ""}`, () => {
    assert.deepEqual(drillText(result, plain).split("\n"), lines);
  });
}
