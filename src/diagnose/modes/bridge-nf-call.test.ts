import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, link, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { readRuleset } from "../rules/read-ruleset.ts";
import type { Signals } from "../signals.ts";
import { mode } from "./bridge-nf-call.ts";

const LINKS = [
  ...signals().network.links,
  link({ index: 7, name: "br0", kind: "bridge" }),
  link({ index: 8, name: "port1", master: 7 }),
  link({ index: 9, name: "port2", master: 7 }),
];
const CALLED = { "net.bridge.bridge-nf-call-iptables": "1" };
const BRIDGED = { interface: "port2", source: "172.30.0.11", destination: "172.30.0.12" };

function dropped(packets: number, name: string): SignalChanges {
  return {
    network: { links: LINKS },
    settings: CALLED,
    drops: [drop("rule", packets, { interface: name })],
    headers: [header("rule", { ...BRIDGED, interface: name })],
  };
}

function looked(changes: SignalChanges, policy: "drop" | "accept"): Signals {
  const chain = {
    family: "ip",
    table: "filter",
    name: "FORWARD",
    handle: 1,
    type: "filter",
    hook: "forward",
    prio: 0,
    policy,
  };
  const rules = readRuleset({ nft: [{ chain }], nftTexts: new Map(), elements: new Map(), saved: {} });
  return { ...signals(changes), rules };
}

test("bridged packets that a policy of iptables drops", () => {
  const [found, ...others] = mode.examine(looked(dropped(400, "port2"), "drop"));
  assert.deepEqual(others, []);
  assert.equal(
    found?.summary,
    "400 packets between ports of br0 dropped in 2.0 s by policy drop of chain FORWARD in table filter of iptables-nft",
  );
  assert.deepEqual(found?.explains, [{ cause: "rule", packets: 400 }]);
  assert.deepEqual(
    found?.fixes.map(({ commands }) => commands?.[0]),
    [
      "sysctl -w net.bridge.bridge-nf-call-iptables=0",
      "iptables-nft -I FORWARD -m physdev --physdev-is-bridged -j ACCEPT",
    ],
  );
});

test("beside Docker the setting is not what to change first", () => {
  const changes = {
    ...dropped(400, "port2"),
    network: { links: [...LINKS, link({ name: "docker0", kind: "bridge" })] },
  };
  assert.equal(mode.examine(looked(changes, "drop"))[0]?.fixes[0]?.safe, undefined);
});

test("without the rules the interface tells enough", () => {
  const [found] = mode.examine(signals(dropped(400, "port2")));
  assert.equal(found?.summary, "400 packets between ports of br0 dropped in 2.0 s");
});

const SILENT: readonly [string, Signals][] = [
  ["a healthy gateway", looked({}, "drop")],
  [
    "the setting is on, as Docker wants it, and nothing is dropped",
    looked({ network: { links: LINKS }, settings: CALLED }, "drop"),
  ],
  ["a few packets", looked(dropped(6, "port2"), "drop")],
  ["packets that come in by the bridge to be routed", looked(dropped(400, "br0"), "drop")],
  ["a rule of the bridge family", looked(dropped(400, "port2"), "accept")],
  ["the setting is off", looked({ ...dropped(400, "port2"), settings: {} }, "drop")],
];

for (const [name, given] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(given), []));
}
