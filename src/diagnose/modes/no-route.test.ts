import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, link, route, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import type { DroppedHeader } from "../signals.ts";
import { mode } from "./no-route.ts";

const BASE = signals().network;
const NO_DEFAULT = { routes: BASE.routes.filter(({ destination }) => destination !== "0.0.0.0/0") };
const BLACKHOLE = { routes: [...BASE.routes, route({ destination: "198.51.100.0/24", type: "blackhole" })] };
const KILL_SWITCH = {
  policyRules: [
    { priority: 100, table: 0, text: "from 10.64.0.0/16 prohibit", from: "10.64.0.0/16", action: "prohibit" },
  ],
};

function dropped(
  packets: number,
  network: SignalChanges["network"],
  ...more: readonly Partial<DroppedHeader>[]
): SignalChanges {
  const headers = (more.length === 0 ? [{}] : more).map((one) => header("no-route", one));
  return { drops: [drop("no-route", packets)], headers, ...(network && { network }) };
}

const CASES: readonly [string, SignalChanges, string | undefined, string | undefined, string, string][] = [
  [
    "no default route",
    dropped(400, NO_DEFAULT),
    undefined,
    undefined,
    "400 packets to 198.51.100.0/24 dropped in 2.0 s: no route leads there, and there is no default route",
    "ip route add default via ROUTER",
  ],
  [
    "a route that refuses",
    dropped(400, BLACKHOLE),
    "blackhole 198.51.100.0/24",
    "degraded",
    '400 packets to 198.51.100.0/24 dropped in 2.0 s: the route "blackhole 198.51.100.0/24" refuses them',
    "ip route del blackhole 198.51.100.0/24",
  ],
  [
    "the same, asked from outside",
    dropped(400, BLACKHOLE, { source: "8.8.8.8", interface: "wan" }),
    "blackhole 198.51.100.0/24",
    "note",
    '400 packets to 198.51.100.0/24 dropped in 2.0 s: the route "blackhole 198.51.100.0/24" refuses them',
    "ip route del blackhole 198.51.100.0/24",
  ],
  [
    "a policy rule",
    dropped(400, { ...KILL_SWITCH, policyRules: [...KILL_SWITCH.policyRules, ...BASE.policyRules] }),
    "rule 100",
    "degraded",
    "400 packets to 198.51.100.0/24 dropped in 2.0 s: policy rule 100 (from 10.64.0.0/16 prohibit) refuses them",
    "ip rule del pref 100",
  ],
  [
    "a table that is asked and knows nothing",
    dropped(400, undefined),
    undefined,
    undefined,
    "400 packets to 198.51.100.0/24 dropped in 2.0 s: the tables asked for them have no route there",
    "ip rule",
  ],
];

for (const [name, changes, subject, severity, summary, command] of CASES) {
  test(name, () => {
    const [found, ...others] = mode.examine(signals(changes));
    assert.deepEqual(
      [found?.subject, found?.severity, found?.summary, found?.fixes[0]?.commands?.[0], others],
      [subject, severity, summary, command, []],
    );
  });
}

test("two reasons share the drops", () => {
  const changes = dropped(
    400,
    { routes: [...NO_DEFAULT.routes, ...BLACKHOLE.routes.slice(-1)] },
    {},
    { destination: "8.8.8.8" },
  );
  assert.deepEqual(
    mode.examine(signals(changes)).map(({ subject, lostPackets }) => [subject, lostPackets]),
    [
      ["blackhole 198.51.100.0/24", 200],
      [undefined, 200],
    ],
  );
});

test("an interface that is down is evidence", () => {
  const network = { ...NO_DEFAULT, links: [link({ name: "wan", up: false })] };
  const [found] = mode.examine(signals(dropped(400, network)));
  assert.deepEqual(found?.evidence.at(-1), { what: "interface wan", value: "down", meaning: "its routes are gone" });
});

test("without the drops by cause the counter tells", () => {
  const [found] = mode.examine(
    signals({ without: ["drops"], network: NO_DEFAULT, deltas: { "route.in_no_route": 100 } }),
  );
  assert.equal(found?.lostPackets, 100);
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["a program that tries an address it once knew", dropped(4, NO_DEFAULT)],
  ["a route that refuses, and nobody comes", { network: BLACKHOLE }],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
