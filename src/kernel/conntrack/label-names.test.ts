import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabelNames } from "./label-names.ts";

test("names of labels as connlabel.conf has them", () => {
  const text = "# bit name\n0\teth0-in\n 77 bulk # big\n128 beyond\nfive 5\n5\n\n127 last";
  assert.deepEqual(
    [...parseLabelNames(text)],
    [
      [0, "eth0-in"],
      [77, "bulk"],
      [127, "last"],
    ],
  );
});
