import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, route, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./ttl-loop.ts";

const BASE = signals().network;

function dropped(packets: number, destination: (index: number) => string, name = "wan"): SignalChanges {
  return {
    drops: [drop("ttl", packets, { interface: name })],
    headers: Array.from({ length: 40 }, (_, i) => header("ttl", { destination: destination(i), interface: name })),
    deltas: { "Icmp.OutTimeExcds": 30 },
  };
}

test("a circle with the provider's router", () => {
  const [found] = mode.examine(signals(dropped(800, (i) => `192.0.2.${i}`)));
  assert.equal(
    found?.summary,
    "800 packets to 192.0.2.0/24 died of their age in 2.0 s: they come in by wan, and the route default via 203.0.113.1 dev wan sends them back there",
  );
  assert.deepEqual(
    found?.evidence.map(({ what, value }) => [what, value]),
    [
      ["packets whose time to live was used up here", "800"],
      ["time exceeded messages sent (Icmp.OutTimeExcds)", "+30"],
      ["to 192.0.2.0/24", "100 %"],
      ["the route to them", "default via 203.0.113.1 dev wan"],
    ],
  );
  assert.deepEqual(found?.fixes[0]?.commands, ["ip route get 192.0.2.1", "ip route add unreachable 192.0.2.0/24"]);
});

test("a greater circle", () => {
  const network = {
    routes: [...BASE.routes, route({ destination: "192.0.2.0/24", interface: "lan", via: "10.64.0.9" })],
  };
  const [found] = mode.examine(signals({ ...dropped(800, () => "192.0.2.1"), network }));
  assert.match(found?.summary ?? "", /: they go to 10\.64\.0\.9 by lan and come back by wan$/);
});

test("without the drops by cause: what was told to the senders", () => {
  const [found] = mode.examine(signals({ without: ["drops"], deltas: { "Icmp.OutTimeExcds": 500 } }));
  assert.equal(found?.summary, "500 packets died of their age in 2.0 s");
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["somebody's traceroute", dropped(30, () => "192.0.2.1", "lan")],
  ["many who look for the way to everywhere", dropped(800, (i) => `${20 + i}.1.1.1`, "lan")],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
