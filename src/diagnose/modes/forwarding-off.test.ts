import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./forwarding-off.ts";

const OFF: SignalChanges["settings"] = {
  "net.ipv4.ip_forward": "0",
  "net.ipv4.conf.lan.forwarding": "0",
  "net.ipv4.conf.wan.forwarding": "0",
};
const DROPS = [drop("not-forwarding", 400, { interface: "lan" })];

test("off for all: named with the setting, the rate and who", () => {
  const [found] = mode.examine(
    signals({ settings: OFF, drops: DROPS, headers: [header("not-forwarding")], deltas: { "Ip.InAddrErrors": 400 } }),
  );
  assert.equal(found?.summary, "the host forwards nothing; 400 packets for others dropped in 2.0 s");
  assert.deepEqual(found?.evidence[1], {
    what: "packets for others dropped (reason IP_INADDRERRORS)",
    value: "400",
    meaning: "200 /s, came in by lan",
  });
  assert.deepEqual(found?.top?.rows, ["1  UDP 10.64.1.9 > 198.51.100.9:53 on lan"]);
  assert.deepEqual(found?.fixes[0]?.safe, [{ kind: "sysctl", name: "net.ipv4.ip_forward", value: "1" }]);
});

test("off for one interface: only that one is switched on", () => {
  const settings = { "net.ipv4.conf.lan.forwarding": "0" };
  const [found] = mode.examine(signals({ settings, drops: DROPS }));
  assert.equal(found?.summary, "packets from lan are not forwarded; 400 packets for others dropped in 2.0 s");
  assert.deepEqual(found?.fixes[0]?.commands, ["sysctl -w net.ipv4.conf.lan.forwarding=1"]);
});

test("without the drops by cause the counter tells", () => {
  const [found] = mode.examine(signals({ settings: OFF, without: ["drops"], deltas: { "Ip.InAddrErrors": 50 } }));
  assert.equal(found?.lostPackets, 50);
});

test("a gateway at rest that does not forward is degraded", () => {
  const gateway = { name: "campus", appliedAt: "2026-01-01T00:00:00Z" };
  assert.equal(mode.examine(signals({ settings: OFF, gateway }))[0]?.severity, "degraded");
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["a server that forwards nothing, and nobody asks it to", { settings: OFF }],
  ["a server that is now and then sent something for others", { settings: OFF, drops: [drop("not-forwarding", 3)] }],
  ["address errors of a router that forwards", { deltas: { "Ip.InAddrErrors": 500 } }],
  [
    "one interface that is no router's, and nothing arrives there",
    { settings: { "net.ipv4.conf.wan.forwarding": "0" } },
  ],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
