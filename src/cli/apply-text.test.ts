import assert from "node:assert/strict";
import { test } from "node:test";
import { changeLines } from "./apply-text.ts";

test("long runs of one kind of change are folded to their ends", () => {
  const addresses = Array.from({ length: 28 }, (_, i) => `add address 192.0.2.${i}/32 to wan`);
  assert.deepEqual(changeLines(["bring wan up", ...addresses, "add route 0.0.0.0/0 via 192.0.2.1 dev wan"]), [
    "  bring wan up",
    "  add address 192.0.2.0/32 to wan",
    "  ... 26 more",
    "  add address 192.0.2.27/32 to wan",
    "  add route 0.0.0.0/0 via 192.0.2.1 dev wan",
  ]);
  assert.deepEqual(changeLines(addresses.slice(0, 4)).length, 4);
  assert.deepEqual(changeLines([]), []);
});
