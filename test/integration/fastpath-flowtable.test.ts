import assert from "node:assert/strict";
import { test } from "node:test";
import { readFlowtable } from "../../src/fastpath/flowtable.ts";
import { settleFastPath } from "../../src/fastpath/settle.ts";
import { hasFeature } from "../../src/kernel/features.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

// Where the kernel has flowtables: test/vm/inside/flowtable.test.ts.
const LACKS_FLOWTABLE = hasFeature("flowtable") ? { skip: "this kernel has flowtables" } : NEEDS_ROOT;

test("a kernel without flowtables: nothing is made, and the message has the remedy", LACKS_FLOWTABLE, (t) => {
  const netns = ownNamespace(t);
  const wish = { netns, path: "flowtable" as const, devices: ["lo"], connections: 1000 };
  assert.throws(() => settleFastPath(wish, true), {
    code: "fast-path-unsupported",
    message: "this kernel has no flowtable (nf_flow_table, nft_flow_offload)",
    remedy: /fast-path: auto/,
  });
  assert.equal(readFlowtable(netns), undefined);
  assert.equal(run(netns, "nft", "list", "ruleset"), "");
  assert.equal(settleFastPath({ ...wish, path: "off" }, true), "off");
});
