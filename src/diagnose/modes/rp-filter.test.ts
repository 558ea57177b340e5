import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, route, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./rp-filter.ts";

const STRICT = { "net.ipv4.conf.all.rp_filter": "1" };
const BASE = signals().network;

function dropped(packets: number, source: (index: number) => string, name = "lan"): SignalChanges {
  return {
    settings: STRICT,
    drops: [drop("rp-filter", packets, { interface: name })],
    headers: Array.from({ length: 40 }, (_, i) => header("rp-filter", { source: source(i), interface: name })),
    deltas: { "TcpExt.IPReversePathFilter": packets },
  };
}

test("an asymmetric path: the route that leads elsewhere, and loose mode", () => {
  const network = {
    routes: [...BASE.routes, route({ destination: "198.51.100.0/24", interface: "lan", via: "10.64.0.9" })],
  };
  const [found] = mode.examine(signals({ ...dropped(400, () => "198.51.100.7", "wan"), network }));
  assert.equal(
    found?.summary,
    "400 packets dropped in 2.0 s on wan: the way back is the route 198.51.100.0/24 via 10.64.0.9 dev lan",
  );
  assert.deepEqual(
    found?.evidence.map(({ what, value }) => [what, value]),
    [
      ["packets dropped (reason IP_RPFILTER)", "400"],
      ["TcpExt.IPReversePathFilter", "+400"],
      ["rp_filter of wan (0) and of all (1)", "1"],
      ["the way back to these sources", "the way back is the route 198.51.100.0/24 via 10.64.0.9 dev lan"],
    ],
  );
  assert.deepEqual(
    found?.fixes.map(({ commands }) => commands),
    [["sysctl -w net.ipv4.conf.wan.rp_filter=2"]],
  );
});

test("a network behind the inside that has no route: the route comes first", () => {
  const [found] = mode.examine(signals(dropped(400, (i) => `10.77.3.${i}`)));
  assert.match(found?.summary ?? "", /default via 203\.0\.113\.1 dev wan, because none leads to 10\.77\.3\.0\/24$/);
  assert.deepEqual(
    found?.fixes.map(({ commands, safe }) => [commands, safe !== undefined]),
    [
      [["ip route add 10.77.3.0/24 via ROUTER dev lan"], false],
      [["sysctl -w net.ipv4.conf.lan.rp_filter=2"], true],
    ],
  );
});

test("loose already: only a route helps", () => {
  const network = { routes: BASE.routes.filter(({ destination }) => destination !== "0.0.0.0/0") };
  const settings = { "net.ipv4.conf.lan.rp_filter": "2" };
  const [found] = mode.examine(signals({ ...dropped(400, () => "192.0.2.9"), network, settings }));
  assert.deepEqual(
    found?.fixes.map(({ commands }) => commands),
    [["ip route add 192.0.2.0/24 via ROUTER dev lan"]],
  );
});

test("forged sources are worth a note", () => {
  const [found] = mode.examine(signals(dropped(4000, (i) => `${20 + i}.${i}.1.1`)));
  assert.deepEqual([found?.severity, found?.fixes], ["note", []]);
});

test("without the drops by cause the counter tells", () => {
  const changes = { settings: STRICT, without: ["drops"], deltas: { "TcpExt.IPReversePathFilter": 100 } } as const;
  assert.equal(mode.examine(signals(changes))[0]?.lostPackets, 100);
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["the filter is on and has nothing to do", { settings: STRICT }],
  ["a forged packet now and then", dropped(6, () => "10.1.2.3", "wan")],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
