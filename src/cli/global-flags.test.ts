import assert from "node:assert/strict";
import { test } from "node:test";
import { takeGlobalFlags } from "./global-flags.ts";

test("global flags are taken out before and after the command", () => {
  const cases: readonly (readonly [line: string, json: boolean, netns: string | undefined, rest: string])[] = [
    ["", false, undefined, ""],
    ["plan a.yaml", false, undefined, "plan a.yaml"],
    ["--json plan a.yaml", true, undefined, "plan a.yaml"],
    ["plan a.yaml --json", true, undefined, "plan a.yaml"],
    ["--netns blue status", false, "blue", "status"],
    ["status --netns=blue --json", true, "blue", "status"],
    ["lab exec x -- curl --json --netns y", false, undefined, "lab exec x -- curl --json --netns y"],
    ["--json lab exec x -- id", true, undefined, "lab exec x -- id"],
  ];
  for (const [line, json, netns, rest] of cases) {
    const words = line === "" ? [] : line.split(" ");
    assert.deepEqual(takeGlobalFlags(words), { json, netns, rest: rest === "" ? [] : rest.split(" ") }, line);
  }
});

test("--netns without a name is wrong usage", () => {
  for (const words of [["--netns"], ["--netns="], ["--netns", "--json"]]) {
    assert.throws(() => takeGlobalFlags(words), { name: "CommandError", status: 2 });
  }
});
