import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { interfacesThere } from "../../src/apply/interfaces-there.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { addVeth } from "../../src/kernel/route/link.ts";
import { replaceRuleset } from "../../src/render/nft-text.ts";
import { applyPlace, smallGateway } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";
import { gatewayOf, link } from "../fixtures/plan-of.ts";

test(
  "rules loaded by nft alone, as at boot, are taken over by apply, and forwarding is off until then",
  NEEDS_ROOT,
  (t) => {
    const place = applyPlace(t);
    const desired = smallGateway();
    const file = join(place.directory, "ruleset.nft");
    writeFileSync(file, replaceRuleset(desired.ruleset));
    run(place.namespace, "nft", "-f", file);
    run(place.namespace, "nft", "-f", file);
    assert.equal(run(place.namespace, "sysctl", "-n", "net.ipv4.ip_forward"), "0\n");
    const { outcome, notices } = applyGateway({ ...place, desired });
    // That nothing is recorded of them is so at every boot.
    assert.deepEqual([outcome, notices], ["applied", []]);
    assert.equal(run(place.namespace, "sysctl", "-n", "net.ipv4.ip_forward"), "1\n");
    assert.equal(gatewayStatus(place).state, "in-place");
    // nftables.service is reloaded: it flushes everything, and the unit loads the rules again.
    run(place.namespace, "nft", "flush", "ruleset");
    assert.equal(gatewayStatus(place).state, "drifted");
    run(place.namespace, "nft", "-f", file);
    const status = gatewayStatus(place);
    assert.deepEqual([status.state, status.drift], ["in-place", []]);
    assert.equal(applyGateway({ ...place, desired }).outcome, "unchanged");
  },
);

test("an interface whose driver is slow is waited for, one that never comes is named", NEEDS_ROOT, async (t) => {
  const { namespace } = applyPlace(t);
  const gateway = gatewayOf({ links: [link("late", "10.0.0.1/24")] });
  assert.deepEqual(await interfacesThere(namespace, gateway, 0.3), ["late"]);
  const waiting = interfacesThere(namespace, gateway, 60);
  setTimeout(() => addVeth(namespace, "late", namespace, "late-far"), 300);
  assert.deepEqual(await waiting, []);
});
