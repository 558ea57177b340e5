import assert from "node:assert/strict";
import { test } from "node:test";
import { flowtableScript } from "./flowtable.ts";

test("the flowtable replaces the one before, in one transaction", () => {
  assert.equal(
    flowtableScript(["bond0", "bond1"], "2026-11-29T10:00:00.000Z"),
    `table inet meganat_fastpath
delete table inet meganat_fastpath
table inet meganat_fastpath {
  comment "2026-11-29T10:00:00.000Z"

  flowtable established {
    hook ingress priority filter
    devices = { "bond0", "bond1" }
    counter
  }

  # Behind everybody's filters: what they drop is not remembered.
  chain forward {
    type filter hook forward priority filter + 10; policy accept;
    iifname { "bond0", "bond1" } oifname { "bond0", "bond1" } meta l4proto { tcp, udp } ct state established flow add @established
  }
}
`,
  );
});
