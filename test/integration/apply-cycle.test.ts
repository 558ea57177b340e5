import assert from "node:assert/strict";
import { test } from "node:test";
import { applyGateway, dryRun } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { readGeneration } from "../../src/kernel/nftables.ts";
import { applyPlace, everything, smallGateway } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";
import { source } from "../fixtures/plan-of.ts";

test("apply puts everything there, again changes nothing, remove puts everything back", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  // Values of others that must come back although the kernel changes them along with ip_forward.
  run(place.namespace, "sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=0", "net.ipv4.conf.lan-far.forwarding=1");
  run(place.namespace, "ip", "address", "add", "61.138.177.3/32", "dev", "wan");
  run(place.namespace, "nft", "add", "table", "ip", "other");
  const before = everything(place);
  const desired = smallGateway();

  const dry = dryRun({ ...place, desired });
  assert.equal(dry.outcome, "would-apply");
  assert.deepEqual(everything(place), before);
  const outcome = applyGateway({ ...place, desired });
  assert.equal(outcome.outcome, "applied", JSON.stringify(outcome.problems));
  assert.deepEqual([outcome.changes, outcome.script], [dry.changes, dry.script]);
  assert.match(run(place.namespace, "nft", "list", "table", "ip", "meganat"), /comment "border sha256:[0-9a-f]{16}"/);
  assert.equal(run(place.namespace, "sysctl", "-n", "net.ipv4.ip_forward"), "1\n");

  const applied = everything(place);
  const generation = readGeneration(place.namespace);
  assert.equal(applyGateway({ ...place, desired }).outcome, "unchanged");
  assert.equal(readGeneration(place.namespace), generation);
  assert.deepEqual(everything(place), applied);
  const status = gatewayStatus({ ...place, desired });
  assert.deepEqual([status.state, status.drift, status.pending], ["in-place", [], []]);

  const removed = removeGateway(place);
  assert.deepEqual([removed.outcome, removed.problems, removed.notices], ["removed", [], []]);
  assert.deepEqual(everything(place), before);
  assert.equal(removeGateway(place).outcome, "nothing");
});

test("one subscriber more is one element more", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const campus = (last: string) => ({
    sourceNat: [source("campus", `10.10.1.0-10.10.1.${last}`, "public", { perSubscriber: 128 })],
  });
  applyGateway({ ...place, desired: smallGateway(campus("99")) });
  const generation = readGeneration(place.namespace);
  const outcome = applyGateway({ ...place, desired: smallGateway(campus("100")) });
  assert.equal(outcome.outcome, "applied", JSON.stringify(outcome.problems));
  // The range that says who is translated grows, and one block is given; no chain is touched.
  assert.equal(
    outcome.script,
    [
      "delete element ip meganat from_campus { 10.10.1.0-10.10.1.99 }",
      "add element ip meganat from_campus { 10.10.1.0-10.10.1.100 }",
      "add element ip meganat blocks_campus { 10.10.1.100 : 61.138.177.3 . 13824-13951 }",
      "",
    ].join("\n"),
  );
  assert.equal(readGeneration(place.namespace), generation + 1);
  assert.match(run(place.namespace, "nft", "list", "table", "ip", "meganat"), /10\.10\.1\.100 : /);
  assert.equal(applyGateway({ ...place, desired: smallGateway(campus("100")) }).outcome, "unchanged");
});

test("a transaction of somebody else makes apply look, and find nothing amiss", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = smallGateway();
  applyGateway({ ...place, desired });
  run(place.namespace, "nft", "add", "table", "ip", "other");
  const generation = readGeneration(place.namespace);
  assert.equal(gatewayStatus({ ...place }).state, "in-place");
  assert.equal(applyGateway({ ...place, desired }).outcome, "unchanged");
  assert.equal(readGeneration(place.namespace), generation);
});

test("without its record a table is made anew, and removed with a word about what is not known", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = smallGateway();
  applyGateway({ ...place, desired });
  const lost = { ...place, directory: `${place.directory}/elsewhere` };
  assert.equal(gatewayStatus(lost).state, "unrecorded");
  const again = applyGateway({ ...lost, desired });
  assert.equal(again.outcome, "applied", JSON.stringify(again.problems));
  assert.deepEqual(
    again.notices.map(({ code }) => code),
    ["record-missing"],
  );
  assert.equal(gatewayStatus(lost).state, "in-place");
  const twiceLost = { ...place, directory: `${place.directory}/nowhere` };
  const removed = removeGateway(twiceLost);
  assert.deepEqual([removed.outcome, removed.notices.map(({ code }) => code)], ["removed", ["record-missing"]]);
  assert.equal(run(place.namespace, "nft", "list", "tables"), "");
});
