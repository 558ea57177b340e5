import assert from "node:assert/strict";
import { test } from "node:test";
import { applyGateway, dryRun } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { applyPlace, everything } from "../fixtures/apply-namespace.ts";
import { linksFile } from "../fixtures/links-file.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

const LAN = "  lan: { addresses: 10.10.0.1/16 }";

test("a range of aliases, the MTU and static routes come, change by the difference, and go", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const { namespace } = place;
  const before = everything(place);
  const wan = (aliases: string) =>
    `  wan: { mtu: 1400, addresses: [61.138.177.2/27, ${aliases}], gateway: 61.138.177.1, routes: [{ to: 192.0.2.0/24, via: 61.138.177.30, metric: 5 }, { to: 198.51.100.0/24 }] }\n${LAN}`;
  assert.equal(applyGateway({ ...place, desired: linksFile(wan("61.138.177.3-61.138.177.9/27")) }).outcome, "applied");
  const aliases = () => run(namespace, "ip", "-brief", "address", "show", "wan").trim().split(/\s+/).slice(2);
  assert.deepEqual(
    aliases(),
    [2, 3, 4, 5, 6, 7, 8, 9].map((last) => `61.138.177.${last}/27`),
  );
  assert.match(run(namespace, "ip", "link", "show", "wan"), / mtu 1400 /);
  assert.match(
    run(namespace, "ip", "route"),
    /^192\.0\.2\.0\/24 via 61\.138\.177\.30 dev wan proto static metric 5 $/m,
  );
  assert.match(run(namespace, "ip", "route"), /^198\.51\.100\.0\/24 dev wan proto static scope link $/m);

  const wider = linksFile(wan("61.138.177.3-61.138.177.10/27"));
  assert.deepEqual(dryRun({ ...place, desired: wider }).changes, ["add address 61.138.177.10/27 to wan"]);
  assert.equal(applyGateway({ ...place, desired: wider }).outcome, "applied");
  assert.equal(aliases().length, 9);
  assert.equal(applyGateway({ ...place, desired: wider }).outcome, "unchanged");

  run(namespace, "ip", "link", "set", "wan", "mtu", "1300");
  run(namespace, "ip", "route", "del", "198.51.100.0/24");
  assert.deepEqual(
    gatewayStatus(place).drift.map(({ code, message }) => `${code}: ${message}`),
    [
      "mtu-changed: the MTU of wan is 1300, apply had set it to 1400",
      "route-gone: route 198.51.100.0/24 dev wan is gone",
    ],
  );
  assert.deepEqual(applyGateway({ ...place, desired: wider }).changes, [
    "set MTU of wan 1300 -> 1400",
    "add route 198.51.100.0/24 dev wan",
  ]);

  const removed = removeGateway(place);
  assert.deepEqual([removed.outcome, removed.problems, removed.notices], ["removed", [], []]);
  assert.deepEqual(everything(place), before);
});

test("an MTU the device cannot have leaves everything as it was, with the kernel's words", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  run(place.namespace, "ip", "tuntap", "add", "mode", "tap", "name", "big");
  const before = everything(place);
  const outcome = applyGateway({ ...place, desired: linksFile(`  wan: { interface: big, mtu: 65535 }\n${LAN}`) });
  assert.equal(outcome.outcome, "failed");
  assert.deepEqual(
    outcome.problems.map(({ code, message }) => `${code}: ${message}`),
    ["kernel-rejected: cannot set the MTU of big to 65535: EINVAL: invalid argument (mtu greater than device maximum)"],
  );
  assert.equal(outcome.undone?.complete, true);
  assert.deepEqual(everything(place), before);
});
