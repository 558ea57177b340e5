import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, header, signals, type SignalChanges } from "../../../test/fixtures/signals.ts";
import { mode } from "./fragments.ts";

const FULL: SignalChanges = {
  deltas: { "Ip.ReasmReqds": 1000, "Ip.ReasmFails": 900 },
  levels: { "fragment.bytes": 4_190_000, "fragment.packets": 1600 },
  drops: [drop("fragment", 900, { location: "ip_defrag" })],
  headers: [header("fragment", { location: "ip_defrag", length: 1500 })],
};
const LATE: SignalChanges = {
  deltas: { "Ip.ReasmReqds": 1000, "Ip.ReasmFails": 400, "Ip.ReasmTimeout": 400 },
  levels: { "fragment.bytes": 1_000_000, "fragment.packets": 400 },
  drops: [drop("fragment", 420, { reason: "FRAG_REASM_TIMEOUT", location: "ip_expire" })],
  headers: [header("fragment", { reason: "FRAG_REASM_TIMEOUT" })],
};

test("no memory: raised fourfold, at least to 16 MiB", () => {
  const [found, ...others] = mode.examine(signals(FULL));
  assert.deepEqual(others, []);
  assert.equal(
    found?.summary,
    "no memory for 900 fragments in 2.0 s: 4,190,000 of 4,194,304 bytes hold fragments that wait for the rest",
  );
  assert.deepEqual(found?.fixes[0]?.safe, [{ kind: "sysctl", name: "net.ipv4.ipfrag_high_thresh", value: "16777216" }]);
  assert.deepEqual(found?.explains, [{ cause: "fragment", packets: 900 }]);
});

test("memory enough for all honest traffic: they wait less", () => {
  const levels = { "fragment.bytes": 2 ** 27, "fragment.maxBytes": 2 ** 27 };
  const [found] = mode.examine(signals({ ...FULL, levels }));
  assert.deepEqual(found?.fixes[0]?.commands, ["sysctl -w net.ipv4.ipfrag_time=5"]);
});

test("fragments that never come", () => {
  const [found, ...others] = mode.examine(signals(LATE));
  assert.deepEqual(others, []);
  assert.equal(found?.summary, "400 packets given up in 2.0 s: not all of their fragments came");
  assert.deepEqual(
    [found?.lostPackets, found?.explains, found?.top?.rows],
    [400, [{ cause: "fragment", packets: 420 }], ["1  UDP 10.64.1.9 > 198.51.100.9:53 on lan"]],
  );
});

test("both at once share the drops", () => {
  const changes = {
    ...FULL,
    deltas: { "Ip.ReasmReqds": 2000, "Ip.ReasmFails": 1300, "Ip.ReasmTimeout": 400 },
    drops: [...(FULL.drops ?? []), ...(LATE.drops ?? [])],
  };
  assert.deepEqual(
    mode
      .examine(signals(changes))
      .map(({ subject, lostPackets, explains }) => [subject, lostPackets, explains?.[0]?.packets]),
    [
      ["memory", 900, 900],
      ["incomplete", 400, 420],
    ],
  );
});

test("fragments too far apart", () => {
  const drops = [drop("fragment", 100, { reason: "FRAG_TOO_FAR" })];
  const settings = { "net.ipv4.ipfrag_max_dist": "64" };
  const [found] = mode.examine(signals({ drops, settings, deltas: { "Ip.ReasmReqds": 1000, "Ip.ReasmFails": 100 } }));
  assert.deepEqual(
    [found?.subject, found?.fixes[0]?.commands],
    ["reordered", ["sysctl -w net.ipv4.ipfrag_max_dist=0"]],
  );
});

const SILENT: readonly [string, SignalChanges][] = [
  ["a healthy gateway", {}],
  ["many fragments, all put together", { deltas: { "Ip.ReasmReqds": 100_000 } }],
  ["a fragment lost now and then", { deltas: { "Ip.ReasmReqds": 500, "Ip.ReasmFails": 6, "Ip.ReasmTimeout": 6 } }],
  ["a small part of very many", { deltas: { "Ip.ReasmReqds": 100_000, "Ip.ReasmFails": 400, "Ip.ReasmTimeout": 400 } }],
];

for (const [name, changes] of SILENT) {
  test(`silent: ${name}`, () => assert.deepEqual(mode.examine(signals(changes)), []));
}
