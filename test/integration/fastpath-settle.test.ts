import assert from "node:assert/strict";
import { test } from "node:test";
import { settleFastPath } from "../../src/fastpath/settle.ts";
import { readFastPathStatus } from "../../src/fastpath/status.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { addVeth } from "../../src/kernel/route/link.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { ownNamespace, run } from "../fixtures/own-namespaces.ts";

test("between the interfaces that are there, as they come and go", { skip: withoutEbpf() }, (t) => {
  // First of all that is cleaned up: there must still be a namespace to turn it off in.
  const opened: { netns?: string } = {};
  t.after(() => opened.netns !== undefined && turnOffFastPath(opened));
  const netns = ownNamespace(t);
  opened.netns = netns;
  const far = ownNamespace(t);
  const wish = { netns, path: "tc" as const, devices: ["lan", "wan"], connections: 1000 };
  const between = (): string[] | undefined => readFastPathStatus({ netns })?.devices.map(({ name }) => name);

  assert.equal(settleFastPath(wish, true), "off");
  addVeth(netns, "lan", far, "lan");
  assert.equal(settleFastPath(wish, true), "turned-on");
  assert.deepEqual(between(), ["lan"]);
  assert.equal(settleFastPath(wish, false), "kept");
  addVeth(netns, "wan", far, "wan");
  assert.equal(settleFastPath(wish, false), "turned-on");
  assert.deepEqual(between(), ["lan", "wan"]);
  assert.equal(settleFastPath(wish, true), "forgotten");
  run(netns, "ip", "link", "delete", "lan");
  run(netns, "ip", "link", "delete", "wan");
  assert.equal(settleFastPath(wish, false), "turned-off");
  assert.equal(between(), undefined);
});
